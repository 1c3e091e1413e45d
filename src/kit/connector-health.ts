import { budgetUsedRatio } from './budget-accounts.ts';
import type { Config, ConnectorConfig, StreamConfig } from './config.ts';
import type { Finding, SourceLimits } from './connector.ts';
import type { Registry } from './ports.ts';
import type { ScheduleAdmin, ScheduleView } from './schedules.ts';
import type { Unreadable } from './secrets.ts';
import type { ConnectorCheckRow, DeadLetterRow, Store, StreamHealthRow } from './store/index.ts';
import { NOT_APPLIED_HINT } from './stream-identity.ts';

/**
 * `ok`: it brings what is due. `late`: it is known less far than its schedule or interval promises. `failing`: its newest
 * pulls failed. `never-pulled`: nothing was read yet. `paused`: somebody paused its schedule. `by-hand`: no schedule pulls
 * it, and it fails not. `sent`: its source sends, nothing is pulled. `unreadable`: a secret of it cannot be had.
 */
export type StreamState = 'ok' | 'late' | 'failing' | 'never-pulled' | 'paused' | 'by-hand' | 'sent' | 'unreadable';
export interface StreamHealth {
  id: string;
  state: StreamState;
  watermarkMs: number | null;
  /** Now less the watermark. */
  lagMs: number | null;
  /** Lag beyond which it is late; null: nothing is promised. */
  allowedLagMs: number | null;
  lastSuccessAtMs: number | null;
  failingSinceMs: number | null;
  failures: number;
  /** Points that the last window had, and should have had; null where its source has no cadence. */
  completeness: { received: number; expected: number } | null;
  lastError: { code: string; message: string; atMs: number } | null;
  warnings: string[];
  nextFireAtMs: number | null;
  schedule: string | null;
}
export interface ConnectorHealth {
  id: string;
  kind: string;
  /** The worst of its streams. */
  state: StreamState;
  needsAPerson: boolean;
  streams: StreamHealth[];
  checkedAtMs: number | null;
  /** Why nothing of it may be used; null: it may be. */
  unreadable: Pick<Unreadable, 'code' | 'message' | 'hint'> | null;
  /** What its last check found wrong or doubtful. */
  findings: Finding[];
  /** When its credentials or its certificate end, whichever is first; as of the last check. */
  expiresAtMs: number | null;
  /** Limits that nobody wrote: the kind knows them of the vendor. */
  limitsOfKind: SourceLimits;
  budget: { account: string; usedRatio: number; blockedUntilMs: number | null } | null;
}

/** When the streams of a connector last succeeded; null: none ever did. `never`: ids of those that did not yet. */
export function lastSuccesses(streams: readonly Pick<StreamHealth, 'id' | 'lastSuccessAtMs'>[]): {
  newestMs: number | null;
  oldestMs: number | null;
  never: string[];
} {
  const known = streams.flatMap(({ lastSuccessAtMs }) => lastSuccessAtMs ?? []);
  const never = streams.filter(({ lastSuccessAtMs }) => lastSuccessAtMs === null).map(({ id }) => id);
  if (known.length === 0) return { newestMs: null, oldestMs: null, never };
  return { newestMs: Math.max(...known), oldestMs: Math.min(...known), never };
}

interface Parts {
  config: Config;
  registry: Registry;
  store: Pick<Store, 'connectors' | 'watermarks' | 'budgets' | 'deadLetters'>;
  schedules: ScheduleAdmin;
  nowMs: number;
}

/** Earlier than this nobody is bothered about credentials that end. */
const EXPIRES_SOON_MS = 14 * 86_400_000;
/** How long a fire may take to bring its data. */
const GRACE_MS = 15 * 60_000;
const MOST_REFUSALS = 1_000;
/** Of a schedule that fires once and not again within sight. */
const USUAL_PERIOD_MS = 86_400_000;

/** How every connector of the configuration does; reads only. */
export async function connectorHealth({
  config,
  registry,
  store,
  schedules,
  nowMs,
}: Parts): Promise<ConnectorHealth[]> {
  const budgets = [...new Map(config.connectors.map(({ http }) => [http.budget.account, http.budget])).values()];
  const [pulls, checks, marks, statuses, planned, refusals] = await Promise.all([
    store.connectors.health(),
    store.connectors.checks(),
    store.watermarks.list(),
    store.budgets.list(budgets),
    schedules.list(),
    // Refused before it is a pull: only its job tells.
    store.deadLetters.search({ state: 'open', kind: 'pull', code: 'config/not-applied', limit: MOST_REFUSALS }),
  ]);
  return config.connectors.map((connector) => {
    const kind = registry.connectorKind(connector.kind);
    const check = checks.find((each) => each.connector === connector.id);
    const streams = connector.streams.map((stream) =>
      streamHealth(connector, stream, {
        nowMs,
        isPulled: kind?.capabilities.pull !== false,
        intervalMs: connector.unreadable === undefined ? (kind?.timing(stream.options).intervalMs ?? 0) : 0,
        pull: pulls.find((row) => row.connector === connector.id && row.stream === stream.id),
        watermarkMs:
          marks.find((row) => row.connector === connector.id && row.stream === stream.id)?.watermarkMs ?? null,
        refusals: refusals.filter(({ args }) => isOf(args, connector.id, stream.id)),
        schedule: planned.find(
          ({ job: { kind: job, args } }) =>
            job === 'pull' && args['connector'] === connector.id && (args['stream'] ?? stream.id) === stream.id,
        ),
      }),
    );
    const status = statuses.find(({ account }) => account === connector.http.budget.account);
    const expiresAtMs = earliestEnd(check);
    const state = ORDER.find((each) => streams.some((stream) => stream.state === each)) ?? 'never-pulled';
    return {
      id: connector.id,
      kind: connector.kind,
      state,
      needsAPerson:
        NEEDS_A_PERSON.includes(state) ||
        (expiresAtMs !== null && expiresAtMs - nowMs < EXPIRES_SOON_MS) ||
        (status?.blockedUntilMs ?? null) !== null,
      streams,
      unreadable: connector.unreadable ?? null,
      checkedAtMs: check?.checkedAtMs ?? null,
      findings: check?.findings.filter(({ level }) => level !== 'ok') ?? [],
      expiresAtMs,
      limitsOfKind: connector.limitsOfKind ?? {},
      budget:
        connector.http.url === null || status === undefined
          ? null
          : {
              account: status.account,
              usedRatio: budgetUsedRatio(connector.http.budget, status),
              blockedUntilMs: status.blockedUntilMs,
            },
    };
  });
}

/** Worst first. */
const ORDER: readonly StreamState[] = [
  'unreadable',
  'failing',
  'late',
  'never-pulled',
  'paused',
  'by-hand',
  'sent',
  'ok',
];
const NEEDS_A_PERSON: readonly StreamState[] = ['unreadable', 'failing', 'late'];

interface StreamFacts {
  nowMs: number;
  isPulled: boolean;
  intervalMs: number;
  pull: StreamHealthRow | undefined;
  watermarkMs: number | null;
  schedule: ScheduleView | undefined;
  /** Newest first: pulls by a definition that is not in force. */
  refusals: readonly DeadLetterRow[];
}

const isOf = (args: unknown, connector: string, stream: string): boolean =>
  typeof args === 'object' &&
  args !== null &&
  'connector' in args &&
  args.connector === connector &&
  'stream' in args &&
  args.stream === stream;

function streamHealth(connector: ConnectorConfig, stream: StreamConfig, facts: StreamFacts): StreamHealth {
  const { nowMs, pull, watermarkMs, schedule, intervalMs } = facts;
  const lagMs = watermarkMs === null ? null : Math.max(0, nowMs - watermarkMs);
  const allowedLagMs = schedule === undefined ? null : periodOf(schedule) + intervalMs + GRACE_MS;
  const { latest, lastSuccess } = pull ?? { latest: null, lastSuccess: null };
  const refused = facts.refusals.filter(({ lastFailedAtMs }) => lastFailedAtMs > (lastSuccess?.finishedAtMs ?? 0));
  const [refusal] = refused;
  const failed = refusal !== undefined || (pull !== undefined && pull.failingSinceMs !== null);
  return {
    id: stream.id,
    state: stateOf(connector, facts, { lagMs, allowedLagMs, failed }),
    watermarkMs,
    lagMs,
    allowedLagMs,
    lastSuccessAtMs: lastSuccess?.finishedAtMs ?? null,
    failingSinceMs: pull?.failingSinceMs ?? refused.at(-1)?.lastFailedAtMs ?? null,
    failures: (pull?.failures ?? 0) + refused.length,
    completeness:
      lastSuccess === null || lastSuccess.expected === null
        ? null
        : { received: lastSuccess.rows, expected: lastSuccess.expected },
    lastError:
      refusal !== undefined
        ? {
            code: refusal.errorCode,
            message: `${refusal.errorMessage}. ${NOT_APPLIED_HINT}`,
            atMs: refusal.lastFailedAtMs,
          }
        : failed && latest !== null && latest.errorCode !== null
          ? {
              code: latest.errorCode,
              message: latest.errorMessage ?? '',
              atMs: latest.finishedAtMs ?? latest.startedAtMs,
            }
          : null,
    warnings: lastSuccess?.warnings ?? [],
    nextFireAtMs: schedule === undefined || schedule.paused !== null ? null : (schedule.next[0]?.atMs ?? null),
    schedule: schedule?.id ?? null,
  };
}

function stateOf(
  { unreadable }: ConnectorConfig,
  { isPulled, watermarkMs, schedule, pull }: StreamFacts,
  { lagMs, allowedLagMs, failed }: { lagMs: number | null; allowedLagMs: number | null; failed: boolean },
): StreamState {
  if (unreadable !== undefined) return 'unreadable';
  if (!isPulled) return 'sent';
  if (failed) return 'failing';
  if (schedule !== undefined && schedule.paused !== null) return 'paused';
  if (watermarkMs === null && (pull === undefined || pull.lastSuccess === null)) return 'never-pulled';
  if (lagMs !== null && allowedLagMs !== null && lagMs > allowedLagMs) return 'late';
  return schedule === undefined ? 'by-hand' : 'ok';
}

/** The longest time between two of the next fires: over a weekend nothing is late that was not due. */
function periodOf({ next }: ScheduleView): number {
  const gaps = next.slice(1).map(({ atMs }, index) => atMs - (next[index]?.atMs ?? atMs));
  return gaps.length === 0 ? USUAL_PERIOD_MS : Math.max(...gaps);
}

function earliestEnd(check: ConnectorCheckRow | undefined): number | null {
  const ends = check?.findings.flatMap(({ expiresAtMs }) => expiresAtMs ?? []) ?? [];
  return ends.length === 0 ? null : Math.min(...ends);
}
