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
 * definitions would stand in one stream. What was never applied may be pulled, and so may a dry run of anything.
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
      if (connector !== undefined && stream !== undefined) {
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
