import type { z } from 'zod';
import type { SourceLimits } from './connector.ts';
import { type ConnectorDraft, hasFingerprint } from './connector-definition.ts';
import { type Difference, differences } from './difference.ts';
import { formatDurationMs } from './duration.ts';
import { sourcesOf } from './metric-samples.ts';
import { schemasAt, speltDurations } from './spelt-durations.ts';
import type { ConnectorVersion, Repositories, StreamIdentityRow } from './store/index.ts';
import { formatBytes } from './units.ts';

/** One place of a connector that differs, in words. */
export interface ConnectorChange {
  /** `auth.username`, `tls.caFile`. */
  place: string;
  /** Null: was not there. */
  before: string | null;
  /** Null: is not there any more. */
  after: string | null;
}
export interface PlannedStream {
  id: string;
  action: 'add' | 'change' | 'remove' | 'none';
  changes: ConnectorChange[];
  /**
   * `kept`: it goes on where it is. `begins`: it starts at `since`. `anew`: it asks something else, so what it gave until
   * now counts no more, and it is read again from `since`. `rests`: nothing pulls it any more, what it gave stays.
   */
  watermark: 'kept' | 'begins' | 'anew' | 'rests';
  /** Where it is; null: never pulled. */
  watermarkMs: number | null;
  /** Ids of projects in force that use it. */
  projects: string[];
}
export interface PlannedConnector {
  id: string;
  kind: string;
  action: 'add' | 'change' | 'restore' | 'remove' | 'none';
  /** In force; null where there is none. */
  version: number | null;
  /** Of what holds for all streams. */
  changes: ConnectorChange[];
  /** Limits that nobody wrote: the kind knows them of the vendor. */
  limitsOfKind: SourceLimits;
  secretsChanged: boolean;
  streams: PlannedStream[];
}
export interface ConnectorsPlan {
  connectors: PlannedConnector[];
  /** Connectors that stay as they were applied, for what they are now cannot be read, and why. */
  unreadable: { connector: string; message: string }[];
  /** Streams that projects in force use and the configuration does not have: their figures get no new data. */
  orphaned: { connector: string; stream: string; projects: string[] }[];
}

type Reads = Pick<Repositories, 'connectors' | 'watermarks' | 'projects'>;
interface Known {
  identities: readonly StreamIdentityRow[];
  watermark(connector: string, stream: string): number | null;
  users(connector: string, stream: string): string[];
}

/** What putting these connectors in force would change; nothing is written. Reads one instant where the transaction does. */
export async function planConnectors(
  { connectors, watermarks, projects }: Reads,
  drafts: readonly ConnectorDraft[],
): Promise<ConnectorsPlan> {
  const versions = new Map((await connectors.inForce()).map((version) => [version.connector, version]));
  const marks = await watermarks.list();
  const uses = (await projects.list()).flatMap((project) =>
    [...project.metrics.flatMap((metric) => Object.values(sourcesOf(metric))), ...project.costSources].flatMap(
      (source) => (source === null ? [] : [{ ...source, project: project.id }]),
    ),
  );
  const known: Known = {
    identities: await connectors.identities(),
    watermark: (connector, stream) =>
      marks.find((mark) => mark.connector === connector && mark.stream === stream)?.watermarkMs ?? null,
    users: (connector, stream) => [
      ...new Set(
        uses.flatMap((use) => (use.connector === connector && use.stream === stream ? [use.project] : [])).sort(),
      ),
    ],
  };
  const planned: PlannedConnector[] = [];
  for (const draft of drafts)
    planned.push(
      draft.unreadable !== null
        ? untouched(draft, versions.get(draft.id))
        : await plannedConnector(draft, versions.get(draft.id) ?? null, known),
    );
  const written = new Set(drafts.map(({ id }) => id));
  for (const version of versions.values())
    if (!version.isRetired && !written.has(version.connector)) planned.push(removed(version, known));
  const pulled = new Set(
    drafts.flatMap(({ id, definition }) => Object.keys(definition.streams).map((stream) => `${id}.${stream}`)),
  );
  const orphans = new Map(
    uses
      .filter(({ connector, stream }) => !pulled.has(`${connector}.${stream}`))
      .map(({ connector, stream }) => [`${connector}.${stream}`, { connector, stream }]),
  );
  return {
    connectors: planned.sort((a, b) => (a.id < b.id ? -1 : 1)),
    unreadable: drafts.flatMap(({ id, unreadable }) =>
      unreadable === null ? [] : [{ connector: id, message: unreadable.message }],
    ),
    orphaned: [...orphans.values()].map((orphan) => ({
      ...orphan,
      projects: known.users(orphan.connector, orphan.stream),
    })),
  };
}

/** Whether applying would change anything. */
export const hasConnectorChanges = (plan: ConnectorsPlan): boolean =>
  plan.connectors.some(({ action }) => action !== 'none');

async function plannedConnector(
  { id, definition, secrets, identities, schemas, usual, limitsOfKind }: ConnectorDraft,
  version: ConnectorVersion | null,
  known: Known,
): Promise<PlannedConnector> {
  const before = version?.definition ?? null;
  // A limit that the vendor documents and nobody wrote is nobody's change: it came with a release. Where the kind knew it
  // before, what stood there was written.
  const changes =
    before === null
      ? []
      : changesOf(before.settings, definition.settings, schemas?.options, (place, old) =>
          Object.hasOwn(usual, place) && !before.limitsKnown?.includes(place) ? old === usual[place] : false,
        );
  if (before !== null && before.kind !== definition.kind)
    changes.unshift({ place: 'kind', before: before.kind, after: definition.kind });
  const secretsChanged = version !== null && !(await hasFingerprint(secrets, version.secretsFingerprint));
  const streams = Object.entries(definition.streams).map(([stream, fields]): PlannedStream => {
    const old = before?.streams[stream];
    const differing = old === undefined ? [] : changesOf(old, fields, schemas?.stream);
    const identity = identities.find((each) => each.stream === stream)?.identity;
    const asked = known.identities.find((each) => each.connector === id && each.stream === stream);
    const isAnew = asked !== undefined && asked.identity !== identity;
    const watermarkMs = known.watermark(id, stream);
    return {
      id: stream,
      action: old === undefined ? 'add' : differing.length > 0 || isAnew ? 'change' : 'none',
      changes: differing,
      watermark: isAnew ? 'anew' : watermarkMs === null ? 'begins' : 'kept',
      watermarkMs,
      projects: known.users(id, stream),
    };
  });
  for (const stream of Object.keys(before?.streams ?? {}))
    if (definition.streams[stream] === undefined) streams.push(removedStream(id, stream, known));
  const differs = changes.length > 0 || secretsChanged || streams.some(({ action }) => action !== 'none');
  return {
    id,
    kind: definition.kind,
    action: version === null ? 'add' : version.isRetired ? 'restore' : differs ? 'change' : 'none',
    version: version === null || version.isRetired ? null : version.version,
    changes,
    limitsOfKind,
    secretsChanged,
    streams,
  };
}

const untouched = ({ id, definition }: ConnectorDraft, version: ConnectorVersion | undefined): PlannedConnector => ({
  id,
  kind: definition.kind,
  action: 'none',
  version: version?.version ?? null,
  changes: [],
  limitsOfKind: {},
  secretsChanged: false,
  streams: [],
});

const removed = ({ connector, kind, version, definition }: ConnectorVersion, known: Known): PlannedConnector => ({
  id: connector,
  kind,
  action: 'remove',
  version,
  changes: [],
  limitsOfKind: {},
  secretsChanged: false,
  streams: Object.keys(definition.streams).map((stream) => removedStream(connector, stream, known)),
});

const removedStream = (connector: string, id: string, known: Known): PlannedStream => ({
  id,
  action: 'remove',
  changes: [],
  watermark: 'rests',
  watermarkMs: known.watermark(connector, id),
  projects: known.users(connector, id),
});

function changesOf(
  before: unknown,
  after: unknown,
  schema: z.core.$ZodType | undefined,
  isNobodys: (place: string, old: unknown) => boolean = () => false,
): ConnectorChange[] {
  return differences(before, after)
    .filter(({ path, before: old }) => !isNobodys(path.join('.'), old))
    .map(({ path, before: old, after: now }: Difference) => {
      const schemas = schemasAt(schema, path);
      return {
        place: path.join('.').replace(/(?:Ms|Bytes)$/, ''),
        before: words(path.at(-1) ?? '', old, schemas),
        after: words(path.at(-1) ?? '', now, schemas),
      };
    });
}

/** As it is written in YAML, as far as that can be known. */
function words(key: string, value: unknown, schemas: readonly z.core.$ZodType[]): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && key.endsWith('Ms')) return formatDurationMs(value);
  if (typeof value === 'number' && key.endsWith('Bytes')) return formatBytes(value);
  const spelt = speltDurations(value, schemas);
  return typeof spelt === 'string' ? spelt : JSON.stringify(spelt);
}
