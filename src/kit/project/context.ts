import type { FxRate } from '../../domain/types.ts';
import type { ConnectorConfig } from '../config.ts';
import type { AnyConnectorKind } from '../connector.ts';

/** What a stream gives, as far as is known before it is read. */
export interface KnownStream {
  /** False only where it is sure that it gives none. */
  measurements: boolean;
  costs: boolean;
  /** The unit that it stores; null where that depends on the data. */
  unit: string | null;
}
/** Connectors by id; `streams` null: it exists, but what it holds cannot be told. */
export type KnownSources = ReadonlyMap<string, { streams: ReadonlyMap<string, KnownStream> | null }>;

/** What a project is checked against. Null: cannot be told, so nothing is said about it. */
export interface ProjectContext {
  /** Null also where a stream gives exchange rates: which there are, only its data tell. */
  fxRates: readonly FxRate[] | null;
  sources: KnownSources | null;
  /** Ids of the portfolios that are defined. Empty: a project's portfolio is a free text. */
  portfolios: readonly string[] | null;
}

/** The rates that are written, where they are all: null when a connector of one of the kinds brings more. */
export function knownFxRates(
  written: readonly FxRate[],
  kinds: Iterable<AnyConnectorKind | null | undefined>,
): readonly FxRate[] | null {
  return [...kinds].some((kind) => kind?.capabilities.quotes === true) ? null : written;
}

/** What a stream of a kind gives; `written` is the stream as people write it or as its schema made it. */
export function knownStream(kind: AnyConnectorKind, written: unknown): KnownStream {
  const stream: Record<string, unknown> =
    typeof written === 'object' && written !== null ? { ...(written as Record<string, unknown>) } : {};
  // A kind that can do both says in the stream which of them, under these two names.
  const both = kind.capabilities.measurements && kind.capabilities.costs;
  const only = (wanted: 'measurements' | 'costs', other: 'measurements' | 'costs'): boolean =>
    kind.capabilities[wanted] && !(both && isSet(stream[other]) && !isSet(stream[wanted]));
  const { measurements } = stream;
  const inner =
    typeof measurements === 'object' && measurements !== null && 'unit' in measurements ? measurements.unit : undefined;
  const unit = stream['unit'] ?? inner;
  return {
    measurements: only('measurements', 'costs'),
    costs: only('costs', 'measurements'),
    unit: typeof unit === 'string' ? unit : null,
  };
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null;

/** The sources of a configuration that is in use. */
export function knownSources(
  connectors: readonly ConnectorConfig[],
  kindOf: (kind: string) => AnyConnectorKind | null | undefined,
): KnownSources {
  return new Map(
    connectors.map(({ id, kind: name, streams }) => {
      const kind = kindOf(name);
      return [
        id,
        { streams: kind ? new Map(streams.map((stream) => [stream.id, knownStream(kind, stream.options)])) : null },
      ];
    }),
  );
}
