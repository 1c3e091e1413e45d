import { type Config, PermanentError, type PullRunner, type Registry, type Store, streamIdentity } from '#kit';

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
        const applied = await store.connectors.identity(connector.id, stream.id);
        const here = streamIdentity(connector, stream, registry.connectorKind(connector.kind));
        if (applied !== null && applied.identity !== here)
          throw new PermanentError(
            'config/not-applied',
            `${connector.id}.${stream.id} asks something else here than what was applied on ${new Date(applied.sinceMs).toISOString()}; nothing is pulled`,
            {
              hint: 'Look at `outturn plan` and put it in force by `outturn apply`; a process that started before somebody applied a newer one must be started again.',
            },
          );
      }
      return await pulls.run(request, context);
    },
  };
}
