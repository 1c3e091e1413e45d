import { type ConnectorHealth, lastSuccesses, type StreamHealth } from '#kit';
import type { Io } from './io.ts';
import { plural } from './job-words.ts';
import { limitWords } from './limit-words.ts';
import { type Row, table } from './table.ts';
import { age, instantWords } from './times.ts';

type Look = Pick<Io, 'color' | 'columns'>;

const WORDS = {
  ok: 'ok',
  late: 'late',
  failing: 'failing',
  'never-pulled': 'never pulled',
  paused: 'paused',
  'by-hand': 'by hand',
  sent: 'is sent to',
  unreadable: 'unreadable',
} as const;

function stateWords({ color }: Look, state: StreamHealth['state']): string {
  const paint =
    state === 'ok' || state === 'sent'
      ? color.green
      : state === 'failing' || state === 'unreadable'
        ? color.red
        : state === 'late' || state === 'never-pulled'
          ? color.yellow
          : color.dim;
  return paint(WORDS[state]);
}

/** Every connector in a line, by its worst stream; what is wrong stands below. */
export function connectorTable(io: Look, connectors: readonly ConnectorHealth[], nowMs: number): string {
  return table(
    io,
    [
      { head: 'connector', wraps: true },
      { head: 'kind', optional: 1 },
      { head: 'state' },
      { head: 'streams', align: 'right' },
      { head: 'last success' },
      { head: 'lag', align: 'right' },
      { head: 'complete', align: 'right' },
      { head: 'budget', align: 'right', optional: 2 },
      { head: 'next pull', optional: 3 },
    ],
    connectors.map((connector): Row => {
      const { streams, budget } = connector;
      return {
        cells: [
          connector.id,
          connector.kind,
          stateWords(io, connector.state),
          String(streams.length),
          lastSuccess(connector, nowMs),
          span(
            streams.reduce<number | null>(
              (most, { lagMs }) => (lagMs === null ? most : Math.max(most ?? 0, lagMs)),
              null,
            ),
          ),
          completeness(streams),
          budget === null ? null : `${Math.round(budget.usedRatio * 100)} %`,
          soon(
            streams.reduce<number | null>(
              (first, { nextFireAtMs }) =>
                nextFireAtMs === null ? first : Math.min(first ?? nextFireAtMs, nextFireAtMs),
              null,
            ),
            nowMs,
          ),
        ],
        note: note(io, connector, nowMs),
      };
    }),
  );
}

/**
 * Of the one that is longest ago: it holds for all. Where some never succeeded, which a note says, and of who is sent to
 * and owed nothing by a stream, the newest: it says that the source lives.
 */
function lastSuccess({ state, streams }: ConnectorHealth, nowMs: number): string | null {
  const { newestMs, oldestMs, never } = lastSuccesses(streams);
  if (newestMs === null) return streams.length === 0 ? null : 'never';
  return ago(state === 'sent' || never.length > 0 ? newestMs : oldestMs, nowMs);
}

/** "1 of 2 streams never: refunds"; nothing where none or all of them did. */
function neverWords(io: Look, streams: readonly StreamHealth[], sent: boolean): string | null {
  const { never } = lastSuccesses(streams);
  if (never.length === 0 || never.length === streams.length) return null;
  const shown = never.slice(0, MOST_NAMED).join(', ');
  const more = never.length > MOST_NAMED ? ` and ${never.length - MOST_NAMED} more` : '';
  const text = `${never.length} of ${streams.length} streams never ${sent ? 'got anything' : 'succeeded'}: ${shown}${more}`;
  return sent ? text : io.color.yellow(text);
}
const MOST_NAMED = 5;

const ago = (ms: number | null, nowMs: number): string | null => (ms === null ? null : `${age(nowMs - ms)} ago`);
const span = (ms: number | null): string | null => (ms === null ? null : age(ms));
const soon = (ms: number | null, nowMs: number): string | null => (ms === null ? null : `in ${age(ms - nowMs)}`);

function completeness(streams: readonly StreamHealth[]): string | null {
  const known = streams.flatMap((stream) => stream.completeness ?? []);
  if (known.length === 0) return null;
  const expected = known.reduce((sum, each) => sum + each.expected, 0);
  const received = known.reduce((sum, each) => sum + Math.min(each.received, each.expected), 0);
  return expected === 0 ? null : `${Math.floor((received / expected) * 1000) / 10} %`;
}

function note(
  io: Look,
  { state, streams, findings, expiresAtMs, budget, unreadable }: ConnectorHealth,
  nowMs: number,
): string | undefined {
  const { color } = io;
  const notes: string[] = [];
  if (unreadable !== null) notes.push(color.red(unreadable.message));
  for (const stream of streams) {
    if (stream.state === 'failing' && stream.lastError !== null && stream.failingSinceMs !== null)
      notes.push(
        `${stream.id}: ${color.red(`failing since ${instantWords(stream.failingSinceMs)}`)}, ${plural(stream.failures, 'time')}: ${stream.lastError.message} (${stream.lastError.code})`,
      );
    if (stream.state === 'late' && stream.watermarkMs !== null)
      notes.push(`${stream.id}: ${color.yellow('late')}, known up to ${instantWords(stream.watermarkMs)}`);
  }
  const never = unreadable === null ? neverWords(io, streams, state === 'sent') : null;
  if (never !== null) notes.push(never);
  for (const { level, stream, message } of unsaid(findings, unreadable))
    if (level === 'error') notes.push(`check${stream === undefined ? '' : ` of ${stream}`}: ${message}`);
  const expiry = expiryWords(io, expiresAtMs, nowMs);
  if (expiry !== null) notes.push(expiry);
  if (budget !== null && budget.blockedUntilMs !== null)
    notes.push(color.red(`its account ${budget.account} is blocked until ${instantWords(budget.blockedUntilMs)}`));
  return notes.length === 0 ? undefined : notes.join('\n');
}

/** Without what is said already: that the connector cannot be read, now or when it was checked. */
const unsaid = (findings: ConnectorHealth['findings'], unreadable: ConnectorHealth['unreadable']) =>
  findings.filter(({ aspect }) => aspect !== unreadable?.code);

const DAY_MS = 86_400_000;
function expiryWords({ color }: Look, expiresAtMs: number | null, nowMs: number): string | null {
  if (expiresAtMs === null) return null;
  const leftMs = expiresAtMs - nowMs;
  const on = new Date(expiresAtMs).toISOString().slice(0, 10);
  if (leftMs <= 0) return color.red(`credentials or certificate ended on ${on}`);
  const text = `credentials or certificate end on ${on}, in ${plural(Math.floor(leftMs / DAY_MS), 'day')}`;
  return leftMs < 14 * DAY_MS ? color.yellow(text) : leftMs < 60 * DAY_MS ? color.dim(text) : null;
}

/** One connector, stream by stream, and what its last check said. */
export function connectorDetails(io: Look, connector: ConnectorHealth, nowMs: number): string {
  const { color } = io;
  const lines = [`${color.bold(connector.id)} ${color.dim(connector.kind)}  ${stateWords(io, connector.state)}`];
  const { budget, expiresAtMs, checkedAtMs, findings, unreadable } = connector;
  if (unreadable !== null) lines.push(color.red(`unreadable ${unreadable.message}`));
  if (unreadable?.hint !== undefined) lines.push(`           → ${unreadable.hint}`);
  if (budget !== null)
    lines.push(
      `budget     ${Math.round(budget.usedRatio * 100)} % of ${budget.account}${budget.blockedUntilMs === null ? '' : color.red(`, blocked until ${instantWords(budget.blockedUntilMs)}`)}`,
    );
  const limits = limitWords(connector.limitsOfKind);
  if (limits !== null) lines.push(`limits     ${limits} ${color.dim("(its vendor's, as none are written)")}`);
  lines.push(
    `check      ${checkedAtMs === null ? `never: \`outturn check ${connector.id}\`` : `${age(nowMs - checkedAtMs)} ago, ${findings.length === 0 ? 'nothing wrong' : `${plural(findings.length, 'thing')} to look at`}`}`,
  );
  if (expiresAtMs !== null)
    lines.push(
      `expires    ${expiryWords(io, expiresAtMs, nowMs) ?? `credentials or certificate on ${new Date(expiresAtMs).toISOString().slice(0, 10)}`}`,
    );
  for (const { level, aspect, stream, message, hint } of unsaid(findings, unreadable)) {
    lines.push(
      `  ${level === 'error' ? color.red('✗') : color.yellow('!')} ${stream === undefined ? '' : `${stream}: `}${color.dim(`${aspect} `)}${message}`,
    );
    if (hint !== undefined) lines.push(`      → ${hint}`);
  }
  // What fails for the reason that stands above is not told twice.
  const streams = connector.streams.map((stream) =>
    unreadable !== null && stream.lastError?.code === unreadable.code ? { ...stream, lastError: null } : stream,
  );
  lines.push('', streamTable(io, streams, nowMs));
  return lines.join('\n');
}

function streamTable(io: Look, streams: readonly StreamHealth[], nowMs: number): string {
  return table(
    io,
    [
      { head: 'stream', wraps: true },
      { head: 'state' },
      { head: 'known up to' },
      { head: 'lag', align: 'right' },
      { head: 'last success' },
      { head: 'received', align: 'right', optional: 2 },
      { head: 'next pull', optional: 1 },
    ],
    streams.map((stream): Row => {
      const { completeness: points } = stream;
      return {
        cells: [
          stream.id,
          stateWords(io, stream.state),
          stream.watermarkMs === null ? null : instantWords(stream.watermarkMs),
          span(stream.lagMs),
          ago(stream.lastSuccessAtMs, nowMs),
          points === null ? null : `${points.received}/${points.expected}`,
          soon(stream.nextFireAtMs, nowMs),
        ],
        note: streamNote(io, stream),
      };
    }),
  );
}

function streamNote(
  { color }: Look,
  { failingSinceMs, failures, lastError, warnings, state, allowedLagMs }: StreamHealth,
) {
  const notes: string[] = [];
  if (lastError !== null && failingSinceMs !== null)
    notes.push(
      color.red(`failing since ${instantWords(failingSinceMs)}, ${plural(failures, 'time')}`),
      `${lastError.message} (${lastError.code})`,
    );
  if (state === 'late' && allowedLagMs !== null)
    notes.push(color.yellow(`its schedule promises at most ${age(allowedLagMs)}`));
  for (const warning of warnings.slice(0, 3)) notes.push(`${color.yellow('warning')} ${warning}`);
  if (warnings.length > 3) notes.push(`and ${warnings.length - 3} more`);
  return notes.length === 0 ? undefined : notes.join('\n');
}
