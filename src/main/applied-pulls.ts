import {
  appliedOtherwise,
  type Config,
  NOT_APPLIED_HINT,
  PermanentError,
  type PullRunner,
  type Registry,
  type Store,
} from '#kit';

/**
 * Pulls of streams as they were applied. One that asks something else by now is refused before it asks: the figures of two
 * definitions would stand in one stream. So is one that was never applied where only `outturn apply` does that: nobody would
 * know later what was asked. A dry run may be made of anything.
 */
export function pullsAsApplied(
  pulls: PullRunner,
  { config, registry, store }: { config: Config; registry: Registry; store: Pick<Store, 'connectors'> },
): PullRunner {
  return {
    ...pulls,
    async run(request, context) {
      const connector = config.connectors.find(({ id }) => id === request.connector);
      const stream = connector?.streams.find(({ id }) => id === request.stream);
      // One that cannot be read cannot be compared either, nor applied: it fails for that reason.
      if (connector !== undefined && stream !== undefined && connector.unreadable === undefined) {
        const isManual = config.settings.apply === 'manual';
        if (isManual && (await store.connectors.identity(connector.id, stream.id)) === null)
          throw new PermanentError(
            'config/not-applied',
            `${connector.id}.${stream.id} was never applied, and settings.apply is manual; nothing is pulled`,
            { hint: NOT_APPLIED_HINT },
          );
        const kind = registry.connectorKind(connector.kind);
        const applied = await appliedOtherwise(store.connectors, connector, stream, kind);
        if (applied !== null)
          throw new PermanentError(
            'config/not-applied',
            `${connector.id}.${stream.id} asks something else here than what was applied on ${new Date(applied.sinceMs).toISOString()}; nothing is pulled`,
            { hint: NOT_APPLIED_HINT },
          );
      }
      return await pulls.run(request, context);
    },
  };
}
