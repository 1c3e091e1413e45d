import { type ConnectorConfig, OutturnError } from '#kit';
import { registry } from '#src/main/registry';
import { unknownName } from './unknown-name.ts';

export interface StreamName {
  connector: string;
  stream: string;
}

/** The streams that `connector` or `connector.stream` mean, each once; throws with the nearest names for what is none. */
export function selectStreams(connectors: readonly ConnectorConfig[], targets: readonly string[]): StreamName[] {
  const every = everyStream(connectors);
  const name = ({ connector, stream }: StreamName): string => `${connector}.${stream}`;
  const chosen = targets.map((target) => {
    const matches = every.filter((each) => target === each.connector || target === name(each));
    if (matches.length > 0) return matches;
    const known = [...new Set([...every.map((each) => each.connector), ...every.map(name)])];
    throw unknownName('connector or stream', target, known, 'ones');
  });
  return [...new Map(chosen.flat().map((each) => [name(each), each])).values()];
}

/** The same, of streams that are pulled. Throws `usage` for one that is sent to. */
export function selectPulled(connectors: readonly ConnectorConfig[], targets: readonly string[]): StreamName[] {
  const chosen = selectStreams(connectors, targets);
  const pulled = new Set(everyPulled(connectors).map(({ connector, stream }) => `${connector}.${stream}`));
  const sentTo = chosen.find(({ connector, stream }) => !pulled.has(`${connector}.${stream}`));
  if (sentTo !== undefined)
    throw new OutturnError('usage', `${sentTo.connector}.${sentTo.stream} is sent to: there is nobody to pull from.`, {
      hint: `Let the sender send again; \`outturn check ${sentTo.connector}\` tells what came last.`,
    });
  return chosen;
}

/** Every stream that is pulled, of kinds that are. */
export const everyPulled = (connectors: readonly ConnectorConfig[]): StreamName[] =>
  everyStream(connectors.filter(({ kind }) => registry.connectorKind(kind)?.capabilities.pull !== false));

const everyStream = (connectors: readonly ConnectorConfig[]): StreamName[] =>
  connectors.flatMap((connector) =>
    connector.streams.map((stream) => ({ connector: connector.id, stream: stream.id })),
  );
