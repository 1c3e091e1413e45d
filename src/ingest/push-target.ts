import {
  type AnyConnectorKind,
  type Config,
  PermanentError,
  type PushOptions,
  type PushStream,
  type Registry,
  RetryableError,
} from '#kit';

export interface PushTarget {
  id: string;
  kind: AnyConnectorKind;
  options: PushOptions;
  streams: { id: string; options: PushStream }[];
}

/** Throws `config/unknown-reference` when there is no connector of that id that is sent to. */
export function pushTarget({ config, registry }: { config: Config; registry: Registry }, id: string): PushTarget {
  const connector = config.connectors.find((known) => known.id === id);
  const kind = connector && registry.connectorKind(connector.kind);
  if (connector === undefined || kind === undefined || kind.capabilities.pull !== false)
    throw new PermanentError('config/unknown-reference', `there is no connector ${id} of kind push`);
  if (connector.unreadable !== undefined) {
    const { code, message, hint } = connector.unreadable;
    throw new RetryableError(code, message, { hint });
  }
  return {
    id,
    kind,
    // Checked by the kind's schemas when the configuration was read.
    options: connector.options as PushOptions,
    streams: connector.streams.map((stream) => ({ id: stream.id, options: stream.options as PushStream })),
  };
}
