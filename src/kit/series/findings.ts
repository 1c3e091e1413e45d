import type { Finding, FindingLevel, ParsedPage, PullWindow } from '../connector.ts';
import { countSeries } from './labels.ts';

/** Makes the findings of one stream. */
export function streamFinding(
  stream: string,
): (level: FindingLevel, aspect: string, message: string, hint?: string) => Finding {
  return (level, aspect, message, hint) => ({ level, aspect, stream, message, hint });
}

/** The newest `count` whole steps that are over. */
export function newestSteps(nowMs: number, stepMs: number, count = 1): PullWindow {
  const toMs = Math.floor(nowMs / stepMs) * stepMs;
  return { fromMs: toMs - count * stepMs, toMs };
}

/** What is said when the source answers with nothing, which is no error of its own. */
interface Nothing {
  message: string;
  hint: string;
}

/** What came of the one newest step, and with it what the parser warns of. */
export function oneStepFindings(
  { measurements, warnings }: ParsedPage,
  stream: string,
  atMs: number,
  { message, hint }: Nothing,
): Finding[] {
  const finding = streamFinding(stream);
  const [first] = measurements;
  if (first === undefined) return [finding('warning', 'sample', message, hint)];
  const at = new Date(atMs).toISOString();
  return [
    finding(
      'ok',
      'sample',
      `${countSeries(measurements)} series at ${at}, the first one ${first.value} ${first.unit}.`,
    ),
    ...warnings.map((warning) => finding('warning', 'sample', warning)),
  ];
}

/** What came of several steps, by the newest value of all series, and with it what the parser warns of. */
export function newestValueFindings(
  { measurements, warnings }: ParsedPage,
  stream: string,
  { message, hint }: Nothing,
): Finding[] {
  const finding = streamFinding(stream);
  const newest = measurements.reduce<(typeof measurements)[number] | undefined>(
    (found, each) => (found === undefined || each.atMs > found.atMs ? each : found),
    undefined,
  );
  if (newest === undefined) return [finding('warning', 'sample', message, hint)];
  const at = new Date(newest.atMs).toISOString();
  return [
    finding(
      'ok',
      'sample',
      `${countSeries(measurements)} series, the newest value ${newest.value} ${newest.unit} at ${at}.`,
    ),
    ...warnings.map((warning) => finding('warning', 'sample', warning)),
  ];
}
