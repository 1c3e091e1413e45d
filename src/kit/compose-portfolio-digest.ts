import {
  buildPortfolioDigestFacts,
  type DigestFacts,
  engineVersion,
  localDateOf,
  type PortfolioMember,
} from '../domain/index.ts';
import type { SubscriptionConfig } from './config.ts';
import { type FigurePorts, type FiguresAt, figuresAt } from './figures-at.ts';
import { portfolioAt } from './portfolio-at.ts';
import type { DigestRow, PortfolioSnapshot, Store } from './store/index.ts';

/** A roll-up that is not stored yet. */
export type PortfolioRollUp = Omit<PortfolioSnapshot, 'id' | 'createdAtMs'>;

/**
 * The facts of a digest about a portfolio: its projects rolled up now, against the roll-up of the digest sent before. `settled`:
 * waits for what is being recorded, so that the same can be computed again later.
 */
export async function composePortfolioFacts(
  ports: FigurePorts,
  { id, timeZone, locale }: Pick<SubscriptionConfig, 'id' | 'timeZone' | 'locale'>,
  portfolioId: string,
  previous: DigestRow | null,
  {
    notice,
    settled = false,
    signal,
  }: { notice?: string | null | undefined; settled?: boolean | undefined; signal?: AbortSignal | undefined },
): Promise<{ facts: DigestFacts; rollUp: PortfolioRollUp; earlier: PortfolioSnapshot | null }> {
  const { store, clock } = ports;
  const until = settled ? await settledInstant(store) : undefined;
  const { members, asOf, knownAtMs, inputsHash, outputs } = await portfolioAt(ports, portfolioId, { knownAtMs: until });
  const told = previous?.portfolioSnapshotId == null ? null : await store.portfolios.get(previous.portfolioSnapshotId);
  // The subscription may have been about another portfolio.
  const earlier = told?.portfolioId === portfolioId ? told : null;
  const compared: PortfolioMember[] = [];
  for (const member of members) {
    signal?.throwIfAborted();
    compared.push(await withBefore(ports, member, earlier));
  }
  const facts = buildPortfolioDigestFacts({
    outputs,
    members: compared,
    previous:
      previous === null || earlier === null
        ? null
        : { date: localDateOf(previous.createdAtMs, timeZone), outputs: earlier.outputs },
    reader: { locale, timeZone },
    nowMs: clock.nowMs(),
    notice,
    why: `You get this because you are a recipient of the subscription “${id}” for the portfolio ${outputs.name}.`,
  });
  return { facts, rollUp: { portfolioId, asOf, knownAtMs, engineVersion, inputsHash, outputs }, earlier };
}

/** Everything recorded by then is committed. */
async function settledInstant(store: Store): Promise<number | undefined> {
  return await store.transaction(async (tx) => tx.seenAtMs() ?? undefined, { oneInstant: true, settled: true });
}

/** With its figures as they were known when the earlier roll-up was made. */
async function withBefore(
  ports: FigurePorts,
  { project, outputs, inputsHash }: FiguresAt,
  earlier: PortfolioSnapshot | null,
): Promise<PortfolioMember> {
  const then = earlier?.outputs.projects.find(({ projectId }) => projectId === project.id);
  if (earlier === null || then === undefined || then.inputsHash === inputsHash)
    return { project, outputs, before: null };
  const { asOf, knownAtMs } = earlier;
  return { project, outputs, before: (await figuresAt(ports, project.id, { asOf, knownAtMs })).outputs };
}
