/** What streams of the kind `push` are, for all who take part: the kind itself, who receives, who stores. */

/** One condition on a label, as in PromQL. An absent label is the same as an empty one. */
export interface LabelMatcher {
  name: string;
  op: '=' | '!=' | '=~' | '!~';
  value: string;
}

export interface PushOptions {
  token: string;
  /** Also valid, while senders change over to the new one. */
  previousToken?: string | undefined;
  requestsPerMinute: number;
  /** Of one request (of the whole stream of lines: unbounded), after decompression. */
  maxBody: number;
  /** Samples that end later than this after now are refused: a clock is wrong, or the interval is not over. */
  maxClockSkew: number;
  /** Labels that only tell the replicas of one Prometheus apart. */
  replicaLabels: string[];
}

export interface PushedMeasurements {
  accepts: 'measurements';
  unit: string;
  sourceUnit?: string | undefined;
  /** What a sample covers from its time on when it does not say `until`; absent: nothing, it is a level at that moment. */
  interval?: number | undefined;
  /** Each sample must have them. */
  labels: string[];
  /** Samples may have them. */
  optionalLabels: string[];
}
export interface PushedCosts {
  accepts: 'costs';
}
export interface PushedSeries {
  accepts: 'prometheus';
  match: LabelMatcher[];
  as: 'increase' | 'level' | 'average' | 'maximum' | 'minimum';
  step: number;
  /** Labels that are kept; series that agree in them are one. */
  labels: string[];
  combine: 'sum' | 'average' | 'maximum' | 'minimum';
  unit: string;
  sourceUnit?: string | undefined;
  /** After its end a step waits this long for samples before it is measured. */
  settle: number;
  /** Samples of a step are taken for this long after its end; they correct it. */
  late: number;
  maxSeries: number;
}
/** Durations in milliseconds. */
export type PushStream = PushedMeasurements | PushedCosts | PushedSeries;

const SELECTOR = /^\s*(?<metric>[a-zA-Z_:][a-zA-Z0-9_:]*)?\s*(?:\{(?<inside>.*)\})?\s*$/s;
const MATCHER =
  /\s*(?:(?<name>[a-zA-Z_][a-zA-Z0-9_]*)|(?<quoted>"(?:[^"\\]|\\.)*"))\s*(?:(?<op>=~|!~|!=|=)\s*(?<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))?\s*(?:,|$)/sy;

/**
 * Reads a selector of series as PromQL writes it: `name{env="prod",shop!~"test.*"}`, or `{"a.name", env="prod"}`. Null when it is
 * none, when a regular expression is wrong, or when nothing of it would leave a series out.
 */
export function parseSelector(text: string): LabelMatcher[] | null {
  const groups = SELECTOR.exec(text)?.groups;
  if (groups === undefined) return null;
  const matchers: LabelMatcher[] = [];
  if (groups['metric'] !== undefined) matchers.push({ name: '__name__', op: '=', value: groups['metric'] });
  const inside = groups['inside'] ?? '';
  MATCHER.lastIndex = 0;
  while (MATCHER.lastIndex < inside.trimEnd().length) {
    const found = MATCHER.exec(inside)?.groups;
    if (found === undefined) return null;
    const { name, quoted, op, value } = found;
    const label = name ?? unquoted(quoted ?? '""');
    if (op === undefined || value === undefined) {
      // A quoted name alone is that of the metric.
      if (quoted === undefined || label === null) return null;
      matchers.push({ name: '__name__', op: '=', value: label });
      continue;
    }
    const wanted = unquoted(value);
    if (label === null || wanted === null) return null;
    matchers.push({ name: label, op: op as LabelMatcher['op'], value: wanted });
  }
  try {
    const select = seriesSelector(matchers);
    return matchers.length === 0 || select({}) ? null : matchers;
  } catch {
    return null;
  }
}

function unquoted(text: string): string | null {
  const inner = text.slice(1, -1);
  try {
    const json = text.startsWith("'") ? inner.replaceAll("\\'", "'").replaceAll('"', '\\"') : inner;
    return JSON.parse(`"${json.replaceAll('\n', '\\n')}"`) as string;
  } catch {
    return null;
  }
}

/** Whether a series with these labels is selected. Throws SyntaxError for a regular expression that is none. */
export function seriesSelector(
  matchers: readonly LabelMatcher[],
): (labels: Readonly<Record<string, string>>) => boolean {
  const tests = matchers.map(({ name, op, value }) => {
    const isNegative = op.startsWith('!');
    const accepts = op.endsWith('~') ? anchored(value) : (text: string) => text === value;
    return (labels: Readonly<Record<string, string>>) =>
      accepts(Object.hasOwn(labels, name) ? (labels[name] ?? '') : '') !== isNegative;
  });
  return (labels) => tests.every((test) => test(labels));
}

/** Regular expressions of PromQL match the whole value; `(?i)` at their beginning is written otherwise here. */
function anchored(source: string): (text: string) => boolean {
  const flags = /^\(\?([is]+)\)/.exec(source);
  const body = flags === null ? source : source.slice(flags[0].length);
  const pattern = new RegExp(`^(?:${body})$`, flags?.[1]?.includes('i') === true ? 'si' : 's');
  return (text) => pattern.test(text);
}
