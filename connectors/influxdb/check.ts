import {
  asRecord,
  type ConnectorContext,
  type Finding,
  formatDurationMs,
  newestSteps,
  newestValueFindings,
  PermanentError,
  parseDurationMs,
  rawPage,
  type StreamContext,
  streamFinding,
} from '#kit';
import { parseAnswer } from './answer.ts';
import { readFluxTables } from './flux-csv.ts';
import { type InfluxdbOptions, type InfluxdbStream, languageOf, stampOf } from './options.ts';
import { ask, askFlux, askTable, metaOf } from './query.ts';

/** Of these the newest samples are shown. */
const STEPS_SHOWN = 24;

/** Connectivity and version by `/ping`, credentials and permission by asking for a name in the database. */
export async function checkServer(ctx: ConnectorContext<InfluxdbOptions>): Promise<Finding[]> {
  const { http, options } = ctx;
  const ping = await http.request({ url: 'ping', expect: 'text', acceptStatuses: [400, 401, 403, 404, 405] });
  const version = ping.status < 300 ? (ping.headers['x-influxdb-version'] ?? null) : null;
  const findings: Finding[] = [
    {
      level: 'ok',
      aspect: 'connectivity',
      message:
        version === null
          ? 'A server that does not tell its version answers.'
          : `InfluxDB ${version.slice(0, 40)} answers.`,
    },
  ];
  const major = Number(/^v?(\d+)\./.exec(version ?? '')?.[1] ?? Number.NaN);
  const where =
    languageOf(options) === 'flux' ? `organisation ${options.organisation}` : `database ${options.database}`;
  await askForNames(ctx);
  findings.push({ level: 'ok', aspect: 'credentials', message: `Queries to ${where} are answered.` });
  // Newer versions speak the languages of older ones too.
  if (!Number.isNaN(major) && major < options.version)
    findings.push({
      level: 'warning',
      aspect: 'connectivity',
      message: `The server is of version ${major}, the connector says version: ${options.version}.`,
      hint: `Write version: ${major}.`,
    });
  return findings;
}

async function askForNames({ http, options }: ConnectorContext<InfluxdbOptions>): Promise<void> {
  if (languageOf(options) === 'flux') {
    const response = await askFlux(http, options, 'buckets() |> keep(columns: ["name"]) |> limit(n: 1)', 'check');
    readFluxTables(response.body, 'check');
    return;
  }
  const q = languageOf(options) === 'sql' ? 'SHOW TABLES' : 'SHOW MEASUREMENTS LIMIT 1';
  const response = await askTable(http, options, { q, params: {} }, 'check');
  const answer = response.json();
  const results = asRecord(answer)?.['results'];
  if (options.version === 3 ? !Array.isArray(answer) : !Array.isArray(results))
    throw new PermanentError('source/bad-shape', 'check: the answer is not what InfluxDB gives', {
      hint: 'Check that url leads to InfluxDB itself and that version is the right one.',
    });
}

/** The stream's query over the newest steps that are over, read the way a pull reads it. */
export async function checkQuery(ctx: StreamContext<InfluxdbOptions, InfluxdbStream>): Promise<Finding[]> {
  const { stream, streamId, options, http } = ctx;
  const steps = Math.min(STEPS_SHOWN, stream.pointsPerRequest);
  const piece = newestSteps(ctx.nowMs(), stream.step, steps);
  const { response, tooMuch } = await ask(http, options, stream, streamId, piece);
  if (response === null) {
    const message = `${steps} steps are too much for the source: ${tooMuch}`;
    return [streamFinding(streamId)('warning', 'sample', message, 'Lower pointsPerRequest.'), ...groupingFindings(ctx)];
  }
  const answered = { request: { method: 'POST' }, response } as const;
  const page = await parseAnswer(rawPage(answered, metaOf(options, stream, piece)), ctx);
  return [
    ...newestValueFindings(page, streamId, {
      message: `The query gives no value for the last ${formatDurationMs(piece.toMs - piece.fromMs)}.`,
      hint: 'A name in it may be misspelt, or nothing was written yet.',
    }),
    ...groupingFindings(ctx),
  ];
}

/** What the text of the query says of its groups, compared with step and stamp. */
function groupingFindings({
  stream,
  streamId,
  options,
}: Pick<StreamContext<InfluxdbOptions, InfluxdbStream>, 'stream' | 'streamId' | 'options'>): Finding[] {
  const findings: Finding[] = [];
  const warn = (message: string, hint: string): void =>
    void findings.push({ level: 'warning', aspect: 'sample', stream: streamId, message, hint });
  const bare = stream.query.replace(/\/\/[^\n]*|--[^\n]*/g, ' ');
  const grouped =
    /\bGROUP\s+BY\b[^;]*?\btime\s*\(\s*(\d+(?:ms|[smhdw]))/i.exec(bare)?.[1] ??
    /\baggregateWindow\s*\([^)]*?\bevery\s*:\s*(\d+(?:ms|[smhdw]))\b/.exec(bare)?.[1];
  const groupedMs = grouped === undefined ? null : parseDurationMs(grouped);
  if (groupedMs !== null && stream.sample === 'instant')
    warn(
      `The query groups time by ${grouped}, but sample says instant: groups at the borders of a window would be read in part.`,
      'Write sample: interval.',
    );
  else if (groupedMs !== null && groupedMs !== stream.step)
    warn(
      `The query groups time by ${grouped}, but a point stands for ${formatDurationMs(stream.step)}: intervals would overlap or leave gaps.`,
      'Make step as long as the groups.',
    );
  if (stream.sample === 'interval' && /\baggregateWindow\s*\(/.test(bare)) {
    const names = /\btimeSrc\s*:\s*"_start"/.test(bare) ? 'start' : 'end';
    if (names !== stampOf(options, stream))
      warn(
        `aggregateWindow names its windows by their ${names}, the stream says stamp: ${stampOf(options, stream)}.`,
        `Write stamp: ${names}.`,
      );
  }
  return findings;
}
