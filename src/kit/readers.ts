import {
  addDays,
  type CurrencyCode,
  convertHeadline,
  createFxBook,
  type DigestConversion,
  type DigestFacts,
  FX_MAX_AGE_DAYS,
  type Portfolio,
  type Project,
} from '../domain/index.ts';
import type { Config, StakeholderConfig, StakeholderScopes, SubscriptionConfig } from './config.ts';
import type { Store } from './store/index.ts';

type People = Pick<Config, 'stakeholders'>;

/** Somebody by the id of a stakeholder; null for an unknown one. */
const stakeholder = ({ stakeholders }: People, id: string | null): StakeholderConfig | null =>
  stakeholders.find((person) => person.id === id) ?? null;

/** An owner or sponsor may be the id of a stakeholder, or a text that stands for itself. */
export function nameOfPerson(people: People, written: string | null): string | null {
  return stakeholder(people, written)?.name ?? written;
}

/** What a digest is about; of a project with the portfolio that it belongs to. */
export type DigestScope =
  | ({ kind: 'project' } & Pick<Project, 'id' | 'portfolio'>)
  | { kind: 'portfolio'; id: Portfolio['id'] };

/** Whether somebody with these scopes (null: all) may be told of it. Scopes of single projects hold no portfolio. */
export function mayBeToldOf(scopes: StakeholderScopes | null, about: DigestScope): boolean {
  if (scopes === null) return true;
  if (about.kind === 'portfolio') return scopes.portfolios.includes(about.id);
  const { id, portfolio } = about;
  return scopes.projects.includes(id) || (portfolio !== null && scopes.portfolios.includes(portfolio));
}

export interface Recipient {
  target: SubscriptionConfig['targets'][number];
  /** In which headline figures are shown too; null: in no other. */
  currency: CurrencyCode | null;
}

/**
 * Who gets a digest, and names of stakeholders who may not be told of it. The configuration was checked, but
 * a project of the API may have changed its portfolio since.
 */
export function recipientsOf(
  config: People,
  { targets }: SubscriptionConfig,
  about: DigestScope,
): { recipients: Recipient[]; refused: string[] } {
  const recipients: Recipient[] = [];
  const refused: string[] = [];
  for (const target of targets) {
    const person = stakeholder(config, target.stakeholder);
    if (mayBeToldOf(person?.scopes ?? null, about)) recipients.push({ target, currency: person?.currency ?? null });
    else refused.push(target.stakeholder ?? target.name);
  }
  return { recipients, refused };
}

/** Each currency of a recipient, once. */
export const readerCurrencies = (config: People, { targets }: SubscriptionConfig): CurrencyCode[] =>
  [...new Set(targets.flatMap((target) => stakeholder(config, target.stakeholder)?.currency ?? []))].sort();

/** The headline in each of the currencies but its own, at the rate of the date of the figures. */
export async function convertForReaders(
  { fx }: Pick<Store, 'fx'>,
  facts: DigestFacts,
  wanted: readonly CurrencyCode[],
): Promise<DigestConversion[]> {
  const currencies = wanted.filter((currency) => currency !== facts.currency);
  if (currencies.length === 0 || facts.headline === null) return [];
  const configured = await fx.configuredAt();
  const ends = [facts.currency, ...currencies];
  const pivots = configured.flatMap(({ from, to }) => (ends.includes(from) || ends.includes(to) ? [from, to] : []));
  const quotes = await fx.read({
    currencies: [...new Set([...ends, ...pivots])],
    from: addDays(facts.asOf, -FX_MAX_AGE_DAYS),
    to: addDays(facts.asOf, 1),
  });
  const book = createFxBook(configured, quotes);
  return currencies.flatMap(
    (currency) => convertHeadline(facts, currency, book.on(facts.currency, currency, facts.asOf)) ?? [],
  );
}
