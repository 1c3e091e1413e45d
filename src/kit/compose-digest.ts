import {
  buildDigestFacts,
  type DigestFacts,
  digestFingerprint,
  localDateOf,
  type Project,
  type RoiOutputs,
} from '../domain/index.ts';
import type { Config, SubscriptionConfig } from './config.ts';
import { PermanentError } from './errors.ts';
import type { Clock } from './ports.ts';
import { convertForReaders, nameOfPerson, readerCurrencies } from './readers.ts';
import { type ReportTarget, reportUrl } from './report-link.ts';
import type { DigestRow, RoiSnapshot, Store } from './store/index.ts';

export interface ComposedDigest {
  facts: DigestFacts;
  /** SHA-256 of what a reader would see. */
  factsHash: string;
  project: Project;
  snapshot: RoiSnapshot | null;
  /** The digest that it is compared with. */
  previous: DigestRow | null;
  /** What that one rested on; null: on nothing. */
  previousOutputs: RoiOutputs | null;
}

/**
 * The digest of a subscription as it would be sent now: the newest snapshot against that of the digest sent before.
 * Preview, test-send and the job share it. Throws `not-found` when no such project is in force.
 */
export async function composeDigest(
  ports: { config: Config; store: Store; clock: Clock },
  subscription: SubscriptionConfig,
  options: { notice?: string | null } = {},
): Promise<ComposedDigest> {
  const { config, store, clock } = ports;
  const project = (await store.projects.list()).find(({ id }) => id === subscription.project);
  if (project === undefined)
    throw new PermanentError('not-found', `Project ${subscription.project} is not in force`, {
      hint: `Add it under projects and apply that, make it by the API, or correct the subscription ${subscription.id}.`,
    });
  const snapshot = await store.snapshots.latest(project.id);
  const previous = await store.digests.latest(subscription.id);
  const earlier = previous?.snapshotId == null ? null : await store.snapshots.get(previous.snapshotId);
  const composed = buildDigestFacts({
    project: { ...project, sponsor: nameOfPerson(config, project.sponsor) },
    snapshot,
    previous:
      previous === null || earlier === null
        ? null
        : { date: localDateOf(previous.createdAtMs, subscription.timeZone), outputs: earlier.outputs },
    reader: { locale: subscription.locale, timeZone: subscription.timeZone },
    nowMs: clock.nowMs(),
    notice: options.notice,
    links: snapshot === null ? [] : reportLinks(config, { project: project.id, snapshotId: snapshot.id }),
    why: `You get this because you are a recipient of the subscription “${subscription.id}” for ${project.name}.`,
  });
  const conversions = await convertForReaders(store, composed, readerCurrencies(config, subscription));
  const facts = conversions.length === 0 ? composed : { ...composed, conversions };
  const factsHash = await sha256Hex(digestFingerprint(facts));
  return { facts, factsHash, project, snapshot, previous, previousOutputs: earlier?.outputs ?? null };
}

/** Without a public address nobody could follow them, without an API token nothing could sign them. */
function reportLinks({ settings }: Config, target: ReportTarget): DigestFacts['links'] {
  const { publicUrl, api } = settings;
  if (publicUrl === null || api.token === null) return [];
  const url = reportUrl(publicUrl, api.token, target);
  return [
    { label: 'Open the figures and their evidence', url },
    { label: 'The same as CSV', url: `${url}&format=csv` },
  ];
}

async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Buffer.from(digest).toString('hex');
}
