import {
  buildDigestFacts,
  type DigestFacts,
  type DigestFigures,
  digestFingerprint,
  localDateOf,
} from '../domain/index.ts';
import { composePortfolioFacts, type PortfolioRollUp } from './compose-portfolio-digest.ts';
import type { Config, SubscriptionConfig } from './config.ts';
import { PermanentError } from './errors.ts';
import type { FigurePorts } from './figures-at.ts';
import { convertForReaders, type DigestScope, nameOfPerson, readerCurrencies } from './readers.ts';
import { type ReportTarget, reportUrl } from './report-link.ts';
import type { DigestRow, RoiSnapshot } from './store/index.ts';

export interface ComposedDigest {
  facts: DigestFacts;
  /** SHA-256 of what a reader would see. */
  factsHash: string;
  about: DigestScope;
  /** What the figures of a project rest on; null: nothing was computed yet, or it is about a portfolio. */
  snapshot: RoiSnapshot | null;
  /** What those of a portfolio rest on, to be stored with the digest; null: it is about a project. */
  rollUp: PortfolioRollUp | null;
  outputs: DigestFigures | null;
  /** The digest that it is compared with. */
  previous: DigestRow | null;
  /** What that one rested on; null: on nothing. */
  previousOutputs: DigestFigures | null;
}
type Composed = Omit<ComposedDigest, 'factsHash' | 'previous'>;

interface ComposeOptions {
  notice?: string | null | undefined;
  /** Waits for what is being recorded, where figures are computed. */
  settled?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The digest of a subscription as it would be sent now: the newest snapshot of its project, or its portfolio rolled up now,
 * against that of the digest sent before. Preview, test-send and the job share it; it writes nothing. Throws `not-found` when no
 * such project is in force or there is no such portfolio, `usage` when that has no currency.
 */
export async function composeDigest(
  ports: FigurePorts,
  subscription: SubscriptionConfig,
  options: ComposeOptions = {},
): Promise<ComposedDigest> {
  const { config, store } = ports;
  const previous = await store.digests.latest(subscription.id);
  const composed =
    subscription.portfolio === null
      ? await aboutProject(ports, subscription, previous, options)
      : await aboutPortfolio(ports, subscription, subscription.portfolio, previous, options);
  const conversions = await convertForReaders(store, composed.facts, readerCurrencies(config, subscription));
  const facts = conversions.length === 0 ? composed.facts : { ...composed.facts, conversions };
  return { ...composed, facts, factsHash: await sha256Hex(digestFingerprint(facts)), previous };
}

async function aboutPortfolio(
  ports: FigurePorts,
  subscription: SubscriptionConfig,
  id: string,
  previous: DigestRow | null,
  options: ComposeOptions,
): Promise<Composed> {
  const { facts, rollUp, earlier } = await composePortfolioFacts(ports, subscription, id, previous, options);
  const previousOutputs = earlier?.outputs ?? null;
  return { facts, about: { kind: 'portfolio', id }, snapshot: null, rollUp, outputs: rollUp.outputs, previousOutputs };
}

async function aboutProject(
  { config, store, clock }: FigurePorts,
  subscription: SubscriptionConfig,
  previous: DigestRow | null,
  options: ComposeOptions,
): Promise<Composed> {
  const project = (await store.projects.list()).find(({ id }) => id === subscription.project);
  if (project === undefined)
    throw new PermanentError('not-found', `Project ${subscription.project} is not in force`, {
      hint: `Add it under projects and apply that, make it by the API, or correct the subscription ${subscription.id}.`,
    });
  const snapshot = await store.snapshots.latest(project.id);
  const earlier = previous?.snapshotId == null ? null : await store.snapshots.get(previous.snapshotId);
  const facts = buildDigestFacts({
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
  return {
    facts,
    about: { kind: 'project', id: project.id, portfolio: project.portfolio },
    snapshot,
    rollUp: null,
    outputs: snapshot?.outputs ?? null,
    previousOutputs: earlier?.outputs ?? null,
  };
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
