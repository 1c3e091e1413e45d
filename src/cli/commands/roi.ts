import type { Command } from 'commander';
import { createFormat, type Format, type Project } from '#domain';
import { asOutturnError, figuresAt, OutturnError } from '#kit';
import type { App } from '#src/main/app';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { MATCHES, oneOf } from '../one-of.ts';
import { instantOption, localDateOption } from '../point-in-time.ts';
import { irrWords, printFigures, type ShownFigures } from '../roi-detail.ts';
import { table } from '../table.ts';
import { unknownName } from '../unknown-name.ts';
import { showHistory } from './roi-history.ts';

interface RoiOptions extends CommonOptions {
  history?: boolean;
  asOf?: string;
  knownAt?: string;
  snapshot?: string;
}

/** `outturn roi`: the newest figures of each project, one project in full, or what was known of it at any time. */
export function roi(program: Command, io: Io): void {
  withCommon(
    program
      .command('roi')
      .argument('[project]', 'one project in full; a line for each when absent')
      .description('show ROI, with its basis, from the newest snapshot or as known at any time')
      .option('--as-of <date>', 'business date, YYYY-MM-DD: computed now, nothing is stored')
      .option('--known-at <time>', 'only what was recorded by then: a date (to its end) or a date-time with offset')
      .option('--history', 'every snapshot of the project, newest first')
      .option('--snapshot <id>', 'one stored snapshot in full; the beginning of its id is enough'),
    [
      'roi',
      'roi checkout-rewrite',
      'roi checkout-rewrite --as-of 2026-06-30 --known-at 2026-07-05',
      'roi checkout-rewrite --history',
      'roi --snapshot 3f2a91c0',
      'roi --json',
    ],
  ).action(async (id: string | undefined, options: RoiOptions) => {
    refuseTogether(options);
    const asOf = localDateOption('--as-of', options.asOf);
    const show = async (app: App): Promise<void> => {
      if (options.snapshot !== undefined) return await showSnapshot(app, io, options.snapshot, options.json === true);
      const projects = await select(app, id);
      if (options.history) return await showHistory(app, io, projects, options.json === true);
      const isNow = asOf === undefined && options.knownAt === undefined;
      const rows = await Promise.all(
        projects.map(async (project) => ({
          project,
          snapshot: isNow
            ? await app.store.snapshots.latest(project.id)
            : await computed(app, project, asOf, options.knownAt, id === undefined),
        })),
      );
      if (options.json)
        return printJson(
          io,
          rows.map(({ project, snapshot }) => snapshot ?? { projectId: project.id, outputs: null }),
        );
      if (rows.length === 0)
        return io.out('No project is in force. Add one below `projects:`; `outturn plan` shows what comes of it.');
      if (id === undefined) return overview(io, rows, isNow);
      for (const { project, snapshot } of rows) detail(io, project, snapshot);
    };
    await withApp(io, environmentOf(io, options), show, { reads: true });
  });
}

function refuseTogether({ history, snapshot, asOf, knownAt }: RoiOptions): void {
  if (Number(history === true) + Number(snapshot !== undefined) + Number((asOf ?? knownAt) !== undefined) > 1)
    throw new OutturnError('usage', '--history, --snapshot and --as-of with --known-at exclude each other.');
}

/** As of a date, known by an instant: null where `orNothing` and the project was not defined by then. */
async function computed(
  { ports }: App,
  { id, timeZone }: Project,
  asOf: string | undefined,
  knownAt: string | undefined,
  orNothing: boolean,
): Promise<Shown | null> {
  const knownAtMs = instantOption('--known-at', knownAt, timeZone);
  if (knownAtMs !== undefined && knownAtMs > ports.clock.nowMs() + DAY_MS)
    throw new OutturnError('usage', `--known-at ${knownAt} is to come.`);
  try {
    const figures = await figuresAt(ports, id, { asOf, knownAtMs });
    return {
      id: null,
      projectId: id,
      asOf: figures.asOf,
      knownAtMs: figures.knownAtMs,
      engineVersion: figures.versions.engine,
      inputsHash: figures.inputsHash,
      versions: figures.versions,
      outputs: figures.outputs,
    };
  } catch (error) {
    if (orNothing && asOutturnError(error).code === 'not-found') return null;
    throw error;
  }
}

async function showSnapshot(app: App, io: Io, id: string, json: boolean): Promise<void> {
  const found = await app.store.snapshots.find(id, MATCHES);
  const snapshot = oneOf({ what: 'snapshot', id, list: 'outturn roi --history' }, found, (row) => row.id);
  if (json) return printJson(io, snapshot);
  const project = await app.store.projects.get(snapshot.projectId);
  detail(io, project ?? { name: snapshot.projectId, id: snapshot.projectId, ...snapshot.outputs }, snapshot);
}

const DAY_MS = 86_400_000;
type Shown = ShownFigures;
type Row = { project: Project; snapshot: Shown | null };
const formatOf = (project: Pick<Project, 'currency' | 'timeZone'>): Format =>
  createFormat({ locale: 'en-GB', currency: project.currency, timeZone: project.timeZone });

function overview(io: Io, rows: Row[], isNow: boolean): void {
  io.out(
    table(
      io,
      [
        { head: 'project', wraps: true },
        { head: 'ROI', align: 'right' },
        { head: 'NPV', align: 'right' },
        { head: 'benefit to date', align: 'right' },
        { head: 'cost to date', align: 'right' },
        { head: 'IRR', align: 'right', optional: 2 },
        { head: 'pays back', align: 'right' },
        { head: 'coverage', align: 'right', optional: 3 },
        { head: 'as of', optional: 1 },
      ],
      rows.map(({ project, snapshot }) => {
        const format = formatOf(project);
        const outputs = snapshot?.outputs;
        if (outputs === undefined)
          return [project.id, isNow ? 'not computed yet' : 'not defined by then', '', '', '', '', '', '', ''];
        return [
          project.id,
          format.percent(outputs.roi),
          format.money(outputs.npv),
          format.money(outputs.benefitToDate),
          format.money(outputs.costToDate),
          irrWords(format, outputs),
          outputs.payback.date !== null ? format.date(outputs.payback.date) : outputs.npv === null ? 'n/a' : 'not yet',
          format.share(outputs.coverage.ratio),
          format.date(outputs.asOf),
        ];
      }),
    ),
  );
  const missing = rows.filter((row) => row.snapshot === null).length;
  if (missing > 0 && isNow)
    io.out(`\n→ \`outturn pull --all\` brings data, \`outturn recompute\` computes ${missing === 1 ? 'it' : 'them'}.`);
}

function detail(io: Io, project: Pick<Project, 'id' | 'name' | 'currency' | 'timeZone'>, snapshot: Shown | null): void {
  if (snapshot !== null) return printFigures(io, project, snapshot);
  io.out(`${io.color.bold(project.name)} ${io.color.dim(project.id)}`);
  io.out('Not computed yet. → `outturn pull --all`, then `outturn recompute`.');
}

async function select({ store }: App, id: string | undefined): Promise<Project[]> {
  const projects = await store.projects.list();
  if (id === undefined) return projects;
  // A retired one as well: its figures stay.
  const project = await store.projects.get(id);
  if (project !== null) return [project];
  throw unknownName(
    'project',
    id,
    projects.map((each) => each.id),
  );
}
