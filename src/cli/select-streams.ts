import type { ConnectorConfig } from '#kit';
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

export const everyStream = (connectors: readonly ConnectorConfig[]): StreamName[] =>
  connectors.flatMap((connector) =>
    connector.streams.map((stream) => ({ connector: connector.id, stream: stream.id })),
  );
