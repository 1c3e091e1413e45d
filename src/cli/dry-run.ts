import { appliedOtherwise, asOutturnError, type DryRunResult } from '#kit';
import type { App } from '#src/main/app';
import { knownSecrets } from '#src/main/environment';
import { requestTable } from './dry-run-requests.ts';
import { type Io, printJson } from './io.ts';
import { plural } from './job-words.ts';
import { reportError } from './report-error.ts';
import { table } from './table.ts';

export interface DryRunTarget {
  connector: string;
  stream: string;
}

/** Requests and parses each stream without writing; one that fails is told and does not keep the others from trying. */
export async function dryRun(
  app: App,
  io: Io,
  streams: readonly DryRunTarget[],
  window: { fromMs: number | null; toMs: number | null },
  json: boolean,
): Promise<void> {
  const results: object[] = [];
  for (const stream of streams) {
    try {
      const notInForce = await otherwiseInForce(app, stream);
      const found = await app.ports.pulls.dryRun({ ...stream, ...window }, { signal: io.signal });
      const result = { ...stream, ...found, notInForce };
      results.push(result);
      if (!json) io.out(dryRunTables(io, result));
    } catch (thrown) {
      if (io.signal.aborted) throw thrown;
      const { code, message, hint } = asOutturnError(thrown);
      results.push({ ...stream, error: { code, message: knownSecrets.text(message), hint: hint ?? null } });
      io.setExitCode(1);
      if (json) continue;
      io.out(`${io.color.bold(`${stream.connector}.${stream.stream}`)} ${io.color.red('failed')}\n`);
      reportError(io, thrown, false);
    }
  }
  if (json) printJson(io, results);
  else if (streams.length === 0) io.out('No stream is configured.');
}

/** Since when another definition of it is in force, where the stream was edited and not applied. */
async function otherwiseInForce({ config, ports }: App, target: DryRunTarget): Promise<{ sinceMs: number } | null> {
  const connector = config.connectors.find(({ id }) => id === target.connector);
  const stream = connector?.streams.find(({ id }) => id === target.stream);
  if (connector === undefined || stream === undefined) return null;
  const kind = ports.registry.connectorKind(connector.kind);
  return await appliedOtherwise(ports.store.connectors, connector, stream, kind);
}

const SHOWN = 3;

/** What a pull would request and store: requests, then the first and last rows. */
function dryRunTables(
  io: Io,
  result: DryRunResult & DryRunTarget & { notInForce: { sinceMs: number } | null },
): string {
  const window = `${instant(result.fromMs)} – ${instant(result.toMs)}`;
  const { counts: all, measurements, costs, quotes = [] } = result;
  const parts = [`${io.color.bold(`${result.connector}.${result.stream}`)} ${io.color.dim(window)}`];
  parts.push(requestTable(io, result));
  if (measurements.length > 0)
    parts.push(
      table(
        io,
        [
          { head: 'at' },
          { head: 'labels', wraps: true },
          { head: 'value', align: 'right' },
          { head: 'unit' },
          { head: 'status', optional: 1 },
        ],
        ends(measurements).map((row) =>
          row === null
            ? ['…', `${all.measurements - 2 * SHOWN} more`, '', '', '']
            : [
                instant(row.atMs),
                labels(row.labels),
                row.value === null ? null : String(row.value),
                row.unit,
                row.status,
              ],
        ),
      ),
    );
  if (costs.length > 0)
    parts.push(
      table(
        io,
        [
          { head: 'posted' },
          { head: 'project', wraps: true },
          { head: 'kind' },
          { head: 'amount', align: 'right' },
          { head: 'currency' },
          { head: 'document', wraps: true, optional: 1 },
        ],
        ends(costs).map((row) =>
          row === null
            ? ['…', `${all.costs - 2 * SHOWN} more`, '', '', '', '']
            : [row.postingDate, row.projectRef, row.kind, row.amount, row.currency, row.document],
        ),
      ),
    );
  if (quotes.length > 0)
    parts.push(
      table(
        io,
        [{ head: 'date' }, { head: 'one' }, { head: 'is', align: 'right' }, { head: 'of' }],
        ends(quotes).map((row) =>
          row === null ? ['…', `${all.quotes - 2 * SHOWN} more`, '', ''] : [row.date, row.base, row.rate, row.quote],
        ),
      ),
    );
  if (measurements.length + costs.length + quotes.length === 0)
    parts.push('The source answered without a row for this window.');
  for (const warning of result.warnings) parts.push(`${io.color.yellow('warning')} ${warning}`);
  if (result.notInForce !== null)
    parts.push(
      `${io.color.yellow('not in force')} the stream asks something else here than what was applied on ${instant(result.notInForce.sinceMs)}; once applied it is read anew from \`since\`, and what it gave until then counts no more. \`outturn plan\` shows the difference.`,
    );
  const progress = progressWords(result);
  if (progress !== null) parts.push(io.color.dim(progress));
  const counts = [
    plural(result.requests.length, 'page'),
    plural(all.measurements, 'measurement'),
    plural(all.costs, 'cost line'),
  ];
  if (quotes.length > 0) counts.push(plural(all.quotes, 'exchange rate'));
  parts.push(io.color.dim(`${counts.join(', ')}; nothing was written`), '');
  return parts.join('\n');
}

/** How complete the window is, and what would become of the watermark. */
function progressWords({ completeness, watermark }: DryRunResult): string | null {
  const parts: string[] = [];
  if (completeness !== null) parts.push(`${completeness.received} of ${completeness.expected} expected points`);
  const { nowMs, thenMs } = watermark;
  const from = nowMs === null ? 'from nowhere' : `from ${instant(nowMs)}`;
  parts.push(
    thenMs === null
      ? `the watermark would stay${nowMs === null ? ' unset' : ` at ${instant(nowMs)}`}`
      : `the watermark would go ${from} to ${instant(thenMs)}`,
  );
  return parts.join('; ');
}

/** The first and the last few, with null where some are left out. */
function ends<T>(rows: readonly T[]): (T | null)[] {
  return rows.length <= 2 * SHOWN + 1 ? [...rows] : [...rows.slice(0, SHOWN), null, ...rows.slice(-SHOWN)];
}

const instant = (ms: number): string => new Date(ms).toISOString().replace(':00.000Z', 'Z').replace('.000Z', 'Z');
const labels = (all: Record<string, string>): string =>
  Object.entries(all)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
