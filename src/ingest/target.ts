import { canonicalHash } from '#domain';
import {
  type AnyConnectorKind,
  type Config,
  type ConnectorConfig,
  PermanentError,
  type Registry,
  type StreamConfig,
} from '#kit';

export interface Target {
  connector: ConnectorConfig;
  stream: StreamConfig;
  kind: AnyConnectorKind;
}

/** Throws `config/unknown-reference` and `config/unknown-kind`. */
export function findTarget(
  { config, registry }: { config: Config; registry: Registry },
  request: { connector: string; stream: string },
): Target {
  const connector = config.connectors.find(({ id }) => id === request.connector);
  const ids = (list: readonly { id: string }[]): string => list.map(({ id }) => id).join(', ') || 'none';
  if (connector === undefined)
    throw new PermanentError('config/unknown-reference', `there is no connector ${request.connector}`, {
      hint: `The configuration has: ${ids(config.connectors)}.`,
    });
  const stream = connector.streams.find(({ id }) => id === request.stream);
  if (stream === undefined)
    throw new PermanentError('config/unknown-reference', `connector ${connector.id} has no stream ${request.stream}`, {
      hint: `It has: ${ids(connector.streams)}.`,
    });
  const kind = registry.connectorKind(connector.kind);
  if (kind === undefined)
    throw new PermanentError(
      'config/unknown-kind',
      `connector ${connector.id} is of the unknown kind ${connector.kind}`,
    );
  return { connector, stream, kind };
}

/** The same, of a source that is pulled. Throws `usage` for one that is sent to: before anything is noted of a pull that cannot be. */
export function findPulled(
  parts: { config: Config; registry: Registry },
  request: { connector: string; stream: string },
): Target {
  const target = findTarget(parts, request);
  if (target.kind.capabilities.pull === false)
    throw new PermanentError(
      'usage',
      `${target.connector.id}.${target.stream.id} is sent to: there is nobody to pull from`,
      { hint: 'Let the sender send again; what is stored already is not stored twice.' },
    );
  return target;
}

/** The same as long as the stream asks the same: a changed query is another version. */
export function streamVersionOf({
  kind,
  stream,
}: {
  kind: Pick<AnyConnectorKind, 'kind'>;
  stream: { options: unknown };
}): string {
  return canonicalHash({ kind: kind.kind, options: stream.options }).slice(0, 16);
}
