import { type AnyConnectorKind, type KnownSources, knownStream } from '#kit';
import { nodeAt, plain, textAt } from './located.ts';
import type { MergedFiles } from './merge.ts';

type Known = KnownSources extends ReadonlyMap<string, infer K> ? K : never;

/** Connectors and streams as they are written, also those that have errors of their own. */
export function sourcesOf(merged: MergedFiles, kinds: readonly AnyConnectorKind[]): KnownSources {
  return new Map(
    [...merged.entries.connectors.values()].map(({ key, value }): [string, Known] => {
      const kind = kinds.find((candidate) => candidate.kind === textAt(value, ['kind']));
      const streams = nodeAt(value, ['streams']);
      if (streams?.type !== 'map') return [key, { streams: null }];
      return [
        key,
        {
          streams: new Map(
            [...streams.entries.values()].map((stream) => [
              stream.key,
              kind === undefined
                ? { measurements: true, costs: true, unit: null }
                : knownStream(kind, plain(stream.value)),
            ]),
          ),
        },
      ];
    }),
  );
}
