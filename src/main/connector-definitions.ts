import {
  type Config,
  type ConnectorDraft,
  type ConnectorsPlan,
  connectorDrafts,
  fingerprint,
  hasConnectorChanges,
  type JobPorts,
  planConnectors,
  type Repositories,
} from '#kit';

export { type ConnectorsPlan, hasConnectorChanges, type PlannedConnector } from '#kit';

type Parts = Pick<JobPorts, 'config' | 'registry' | 'store'>;

const draftsOf = ({ config, registry }: Pick<Parts, 'config' | 'registry'>): ConnectorDraft[] =>
  connectorDrafts(config, registry.connectorKind);

/** What applying the configuration would change of the connectors; nothing is written. */
export const readConnectorsPlan = (parts: Parts): Promise<ConnectorsPlan> =>
  parts.store.transaction((tx) => planConnectors(tx, draftsOf(parts)), { oneInstant: true });

export interface AppliedConnectors {
  added: string[];
  changed: string[];
  removed: string[];
  /** Streams that are read anew from `since`, as `connector.stream`. */
  anew: string[];
}

/**
 * Puts the connectors of the configuration in force, within the caller's transaction and before it takes other locks. A
 * stream that asks something else begins anew: its pull is queued, and so is a full recompute of the projects that use it.
 * `agreed` may throw when the plan is not what somebody agreed to.
 */
export async function applyConnectors(
  tx: Repositories,
  parts: { config: Config; registry: Parts['registry'] },
  {
    by,
    reason = null,
    agreed,
  }: { by: string; reason?: string | null | undefined; agreed?: (plan: ConnectorsPlan) => void },
): Promise<AppliedConnectors> {
  const applied: AppliedConnectors = { added: [], changed: [], removed: [], anew: [] };
  const drafts = draftsOf(parts);
  const identities = await tx.connectors.identities();
  const isKnown = drafts.every(({ id, identities: wanted }) =>
    wanted.every(({ stream, identity }) =>
      identities.some((row) => row.connector === id && row.stream === stream && row.identity === identity),
    ),
  );
  const glance = await planConnectors(tx, drafts);
  agreed?.(glance);
  // Most starts change nothing: they wait for nobody.
  if (isKnown && !hasConnectorChanges(glance)) return applied;
  await tx.lock('connectors');
  const plan = await planConnectors(tx, drafts);
  agreed?.(plan);
  const recomputed = new Set<string>();
  for (const connector of plan.connectors) {
    const draft = drafts.find(({ id }) => id === connector.id);
    if (connector.action !== 'none') {
      await record(tx, connector.id, draft, { by, reason });
      const list = { add: applied.added, restore: applied.added, change: applied.changed, remove: applied.removed };
      list[connector.action].push(connector.id);
    }
    for (const { stream, identity } of draft?.identities ?? []) {
      const isAnew = await tx.connectors.setIdentity({ connector: connector.id, stream, identity });
      if (!isAnew) continue;
      applied.anew.push(`${connector.id}.${stream}`);
      const cause = `apply by ${by}`;
      await tx.outbox.enqueue({ kind: 'pull', args: { connector: connector.id, stream }, cause });
      for (const project of connector.streams.find(({ id }) => id === stream)?.projects ?? []) recomputed.add(project);
    }
  }
  for (const project of [...recomputed].sort())
    await tx.outbox.enqueue({ kind: 'recompute-roi', args: { project, full: true }, cause: `apply by ${by}` });
  return applied;
}

async function record(
  tx: Repositories,
  connector: string,
  draft: ConnectorDraft | undefined,
  by: { by: string; reason: string | null },
): Promise<void> {
  if (draft !== undefined) {
    const { definition } = draft;
    const secretsFingerprint = await fingerprint(draft.secrets);
    await tx.connectors.record(
      { connector, kind: definition.kind, definition, secretsFingerprint, isRetired: false },
      by,
    );
    return;
  }
  const last = (await tx.connectors.inForce()).find((version) => version.connector === connector);
  if (last !== undefined) await tx.connectors.record({ ...last, isRetired: true }, by);
}
