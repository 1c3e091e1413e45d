import type { DryRunResult } from '#kit';
import { type Io, table } from './io.ts';

const SHOWN = 3;

/** What a pull would request and store, as tables: requests, then the first and last rows. */
export function dryRunTables(io: Io, result: DryRunResult & { connector: string; stream: string }): string {
  const window = `${new Date(result.fromMs).toISOString()} – ${new Date(result.toMs).toISOString()}`;
  const parts = [`${io.color.bold(`${result.connector}.${result.stream}`)} ${io.color.dim(window)}`];
  parts.push(
    table(
      io,
      ['request', 'bytes'],
      result.requests.map((request) => [`${request.method} ${shorten(request.url)}`, String(request.bytes)]),
      ['left', 'right'],
    ),
  );
  if (result.measurements.length > 0)
    parts.push(
      table(
        io,
        ['at', 'labels', 'value', 'unit', 'status'],
        ends(result.measurements).map((row) =>
          row === null
            ? ['…', `${result.measurements.length - 2 * SHOWN} more`, '', '', '']
            : [
                new Date(row.atMs).toISOString(),
                Object.entries(row.labels)
                  .map(([key, value]) => `${key}=${value}`)
                  .join(' '),
                row.value === null ? null : String(row.value),
                row.unit,
                row.status,
              ],
        ),
        ['left', 'left', 'right'],
      ),
    );
  if (result.costs.length > 0)
    parts.push(
      table(
        io,
        ['posted', 'project', 'kind', 'amount', 'currency', 'document'],
        ends(result.costs).map((row) =>
          row === null
            ? ['…', `${result.costs.length - 2 * SHOWN} more`, '', '', '', '']
            : [row.postingDate, row.projectRef, row.kind, row.amount, row.currency, row.document],
        ),
        ['left', 'left', 'left', 'right'],
      ),
    );
  if (result.measurements.length + result.costs.length === 0)
    parts.push('The source answered without a row for this window.');
  for (const warning of result.warnings) parts.push(`${io.color.yellow('warning')} ${warning}`);
  parts.push(
    io.color.dim(`${result.measurements.length} measurements, ${result.costs.length} cost lines; nothing was written`),
    '',
  );
  return parts.join('\n');
}

/** The first and the last few, with null where some are left out. */
function ends<T>(rows: readonly T[]): (T | null)[] {
  return rows.length <= 2 * SHOWN ? [...rows] : [...rows.slice(0, SHOWN), null, ...rows.slice(-SHOWN)];
}

const shorten = (url: string): string => (url.length > 100 ? `${url.slice(0, 97)}…` : url);
