import { createFormat } from '#domain';
import type { OutboxRow, Store } from '#kit';
import type { JobView } from '#src/main/job-view';
import { isRetrying } from '#src/main/work';
import type { Io } from './io.ts';

const UUID = /([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Ids cut to the part that `outturn jobs` takes. */
export const shortIds = (text: string): string => text.replace(UUID, '$1');

/** What the job is about: `sap.project-costs`, `checkout-rewrite`, `checkout-weekly 2026-11-23`. */
export function subject(job: Pick<JobView, 'args'>): string {
  const args = (job.args ?? {}) as Record<string, unknown>;
  const text = (name: string): string | null => (typeof args[name] === 'string' ? args[name] : null);
  const [connector, stream] = [text('connector'), text('stream')];
  if (connector !== null && stream !== null) {
    const [from, to] = [text('from'), text('to')];
    const window = from === null && to === null ? '' : ` ${day(from) ?? ''}…${day(to) ?? ''}`;
    return `${connector}.${stream}${window}`;
  }
  const backfill = text('backfill');
  if (backfill !== null) return `backfill ${shortIds(backfill)} chunk ${String(args['seq'])}`;
  return ['project', 'asOf', 'subscription', 'slot']
    .map(text)
    .filter((each) => each !== null)
    .map(shortIds)
    .join(' ');
}

/** What came of it, in a few words. */
export function outcome(job: JobView): string {
  if (job.state === 'collapsed') return 'done together with another job of the same work';
  if (job.state === 'cancelled') return 'cancelled';
  const result = (job.result ?? {}) as Record<string, unknown>;
  const count = (name: string): number => {
    const value = result[name];
    return Array.isArray(value) ? value.length : typeof value === 'number' ? value : 0;
  };
  const warnings = count('warnings') === 0 ? [] : [plural(count('warnings'), 'warning')];
  if (job.kind === 'pull' || (job.kind === 'backfill-chunk' && result['skipped'] === undefined))
    return [
      plural(count('rows'), 'row'),
      `${number(count('inserted'))} new`,
      ...(count('revisions') === 0 ? [] : [`${number(count('revisions'))} corrected`]),
      `up to ${new Date(count('toMs')).toISOString().slice(0, 16)}Z`,
      ...warnings,
    ].join(' · ');
  if (job.kind === 'recompute-roi')
    return [
      ...(subject(job).includes(String(result['asOf'])) ? [] : [`as of ${String(result['asOf'])}`]),
      `${result['created'] === true ? 'new snapshot' : 'nothing changed, snapshot'} ${shortIds(String(result['snapshotId']))}`,
      ...warnings,
    ].join(' · ');
  if (job.kind === 'send-digest' && result['state'] === 'unchanged')
    return `${result['when'] === 'threshold' ? 'no figure reached its threshold' : 'nothing has changed'} since ${shortIds(String(result['since']))}: not sent`;
  if (job.kind === 'send-digest') return ['digest composed', ...refusedWords(result['refused'])].join(' · ');
  if (job.kind === 'prune-pages')
    return count('removed') === 0
      ? 'no page was old enough'
      : `${plural(count('removed'), 'page')} removed · ${number(count('bytes'))} bytes`;
  return Object.entries(result)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([key, value]) => `${key} ${shortIds(String(value))}`)
    .join(' · ');
}

/** `✗ source/unreachable: …`, and how often it was tried. */
export const failure = (io: Pick<Io, 'color'>, job: Pick<JobView, 'error' | 'attempts'>): string =>
  `${io.color.red(job.error?.code ?? '')}: ${job.error?.message ?? ''}${job.attempts > 1 ? io.color.dim(` (tried ${job.attempts} times)`) : ''}`;

const day = (instant: string | null): string | null =>
  instant?.replace('T00:00:00.000Z', '').replace('.000Z', 'Z') ?? null;
const number = (value: number): string =>
  createFormat({ locale: 'en-GB', currency: 'EUR', timeZone: 'UTC' }).number(String(value));
export const plural = (count: number, what: string): string => `${number(count)} ${count === 1 ? what : `${what}s`}`;

/** A message's job knows only its delivery's id: people want to know to whom it goes. */
export async function aboutJob(store: Store, job: Pick<OutboxRow, 'args'>): Promise<string> {
  const { deliveryId } = (job.args ?? {}) as { deliveryId?: unknown };
  const delivery = typeof deliveryId === 'string' ? await store.deliveries.get(deliveryId) : null;
  return delivery === null ? subject(job) : `${delivery.channel} to ${delivery.address}`;
}

/** The state in its colour; one that failed and is to be tried again is `retrying`. */
export function paintState(io: Pick<Io, 'color'>, row: OutboxRow): string {
  if (isRetrying(row)) return io.color.yellow('retrying');
  if (row.state === 'failed') return io.color.red(row.state);
  if (row.state === 'succeeded') return io.color.green(row.state);
  return row.state === 'running' ? io.color.cyan(row.state) : row.state;
}

/** Stakeholders who may not be told of the project. */
const refusedWords = (refused: unknown): string[] =>
  Array.isArray(refused) ? [`not for ${refused.join(', ')}: outside of their scopes`] : [];
