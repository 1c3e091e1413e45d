import type { DigestFacts } from '../domain/index.ts';
import type { ComposedDigest } from './compose-digest.ts';
import type { DigestRow, Repositories } from './store/index.ts';

/**
 * Stores a digest as it was composed, once for each (subscription, slot); one about a portfolio together with the roll-up
 * that it rests on. `facts`: as they are sent, with their notices.
 */
export async function saveDigest(
  { digests, portfolios }: Pick<Repositories, 'digests' | 'portfolios'>,
  newId: () => string,
  { about, snapshot, rollUp, factsHash }: ComposedDigest,
  request: Pick<DigestRow, 'subscription' | 'slot' | 'test'> & { facts: DigestFacts },
): Promise<DigestRow> {
  const known = await digests.find(request.subscription, request.slot);
  if (known !== null) return known;
  const row = { ...request, id: newId(), factsHash, projectId: null, snapshotId: null };
  if (about.kind === 'project')
    return (await digests.save({ ...row, projectId: about.id, snapshotId: snapshot?.id ?? null })).digest;
  if (rollUp === null) throw new Error(`the digest about the portfolio ${about.id} rests on no roll-up`);
  const { snapshot: saved } = await portfolios.save({ ...rollUp, id: newId() });
  const facts = { ...request.facts, snapshotId: saved.id };
  return (await digests.save({ ...row, facts, portfolioId: about.id, portfolioSnapshotId: saved.id })).digest;
}
