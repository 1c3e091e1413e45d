import {
  addDays,
  type CurrencyCode,
  fxNeeds,
  type LocalDate,
  localDateAt,
  type Portfolio,
  type PortfolioInput,
  type PortfolioOutputs,
  type Project,
  portfolioFrame,
  portfolioHash,
  relevantFxRates,
  rollUp,
} from '../domain/index.ts';
import { PermanentError } from './errors.ts';
import { type FigurePorts, type FiguresAt, figuresAt } from './figures-at.ts';
import { nearest } from './nearest.ts';
import type { Store } from './store/index.ts';

/** Every project, whatever portfolio it belongs to. */
export const ALL_PROJECTS = 'all';

export interface PortfolioAt {
  portfolio: Portfolio;
  asOf: LocalDate;
  knownAtMs: number;
  inputsHash: string;
  outputs: PortfolioOutputs;
  /** Its projects, as they went into the roll-up. */
  members: FiguresAt[];
}

/** Ids that can be asked for: those defined, those that projects name, and `all`. */
export async function portfolioIds({ config, store }: Pick<FigurePorts, 'config' | 'store'>): Promise<string[]> {
  const named = (await store.projects.list()).flatMap(({ portfolio }) => portfolio ?? []);
  return [...new Set([...config.portfolios.map(({ id }) => id), ...named])].sort().concat(ALL_PROJECTS);
}

/**
 * A portfolio's figures as of a date, from what was recorded by `knownAtMs` (absent: now). Writes nothing. `currency`: another
 * than the portfolio's. Throws `not-found` for an unknown one, `usage` where no currency is declared and its projects
 * have several.
 */
export async function portfolioAt(
  ports: FigurePorts,
  id: string,
  {
    asOf: wanted,
    knownAtMs: until,
    currency,
  }: { asOf?: LocalDate | undefined; knownAtMs?: number | undefined; currency?: CurrencyCode | undefined } = {},
): Promise<PortfolioAt> {
  const knownAtMs = until ?? ports.clock.nowMs();
  const known = await portfolioIds(ports);
  if (!known.includes(id)) throw unknownPortfolio(id, known);
  const members = await membersOf(ports.store, id, knownAtMs);
  const portfolio = definitionOf(ports, id, members, currency);
  const today = members.map(({ timeZone }) => localDateAt(knownAtMs, timeZone)).sort()[0];
  const asOf = wanted ?? today ?? localDateAt(knownAtMs, 'UTC');
  const figures: FiguresAt[] = [];
  for (const { id: project } of members) figures.push(await figuresAt(ports, project, { asOf, knownAtMs }));
  const rates = await ratesFor(ports.store, portfolio, figures, { asOf, knownAtMs });
  const projects = figures.map(({ input, outputs }) => ({ input, outputs }));
  const input: PortfolioInput = { portfolio, asOf, projects, ...rates };
  return { portfolio, asOf, knownAtMs, inputsHash: portfolioHash(input), outputs: rollUp(input), members: figures };
}

function unknownPortfolio(id: string, known: readonly string[]): PermanentError {
  const near = nearest(id, known);
  return new PermanentError('not-found', `There is no portfolio ${id}`, {
    hint: `${near === null ? '' : `Did you mean ${near}? `}Known are: ${known.join(', ')}.`,
  });
}

const PAGE = 200;

/** Projects in force by then that belonged to it then, whatever became of them since. */
async function membersOf({ projects }: Pick<Store, 'projects'>, id: string, knownAtMs: number): Promise<Project[]> {
  const members: Project[] = [];
  for (let after: string | undefined; ; ) {
    const page = await projects.page({ after, limit: PAGE, retired: true });
    for (const { project } of page) {
      const then = await projects.versionAt(project.id, knownAtMs);
      if (then === null || then.isRetired) continue;
      if (id === ALL_PROJECTS || then.project.portfolio === id) members.push(then.project);
    }
    if (page.length < PAGE) return members;
    after = page.at(-1)?.project.id;
  }
}

function definitionOf(
  { config }: Pick<FigurePorts, 'config'>,
  id: string,
  members: readonly Project[],
  currency: CurrencyCode | undefined,
): Portfolio {
  const declared = config.portfolios.find((portfolio) => portfolio.id === id);
  if (declared !== undefined) return currency === undefined ? declared : { ...declared, currency };
  const used = [...new Set(members.map((project) => project.currency))].sort();
  const only = currency ?? (used.length === 1 ? used[0] : undefined);
  if (only === undefined)
    throw new PermanentError(
      'usage',
      used.length === 0
        ? `The portfolio ${id} has no project, and no currency is declared for it`
        : `The projects of ${id} have several currencies (${used.join(', ')}), and none is declared for the portfolio`,
      {
        hint: `Say in which to add them up: --currency ${used[0] ?? 'EUR'}, or portfolios: { ${id}: { currency: … } } in the configuration.`,
      },
    );
  return { id, name: id === ALL_PROJECTS ? 'All projects' : id, currency: only, discount: null };
}

async function ratesFor(
  { fx }: Pick<Store, 'fx'>,
  portfolio: Portfolio,
  figures: readonly FiguresAt[],
  { asOf, knownAtMs }: { asOf: LocalDate; knownAtMs: number },
): Promise<Pick<PortfolioInput, 'fxRates' | 'fxQuotes'>> {
  const configured = await fx.configuredAt(knownAtMs);
  const starts = figures.map(({ project }) => project.startsOn).sort();
  const needed = figures.flatMap(({ project, input }) =>
    [project.startsOn, ...input.costs.map(({ postingDate }) => postingDate)].map((postingDate) => ({
      currency: project.currency,
      postingDate,
    })),
  );
  const { currencies, from } = fxNeeds(portfolioFrame(portfolio, starts[0] ?? asOf), needed, configured);
  if (currencies.length === 0) return { fxRates: [], fxQuotes: [] };
  return {
    fxRates: relevantFxRates(configured, currencies),
    fxQuotes: await fx.read({ currencies, from, to: addDays(asOf, 1), knownAtMs }),
  };
}
