import type { Command } from 'commander';
import { createFormat, type Format, type Project, type RoiOutputs } from '#domain';
import type { RoiSnapshot } from '#kit';
import type { App } from '#src/main/app';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { table } from '../table.ts';
import { unknownName } from '../unknown-name.ts';

/** `outturn roi`: the newest figures of each project, or one project in full. */
export function roi(program: Command, io: Io): void {
  withCommon(
    program
      .command('roi')
      .argument('[project]', 'one project in full; a line for each when absent')
      .description('show ROI, with its basis, from the newest snapshot')
      .option('--history', 'every snapshot of the project, newest first'),
    ['roi', 'roi checkout-rewrite', 'roi --history', 'roi checkout-rewrite --json'],
  ).action(async (id: string | undefined, options: CommonOptions & { history?: boolean }) => {
    const show = async (app: App): Promise<void> => {
      const projects = select(await app.store.projects.list(), id);
      if (options.history) return await history(app, io, projects, options.json === true);
      const rows = await Promise.all(
        projects.map(async (project) => ({ project, snapshot: await app.store.snapshots.latest(project.id) })),
      );
      if (options.json)
        return printJson(
          io,
          rows.map(({ project, snapshot }) => snapshot ?? { projectId: project.id, outputs: null }),
        );
      if (rows.length === 0)
        return io.out('No project is in force. Add one below `projects:`; `outturn plan` shows what comes of it.');
      if (id === undefined) return overview(io, rows);
      for (const { project, snapshot } of rows) detail(io, project, snapshot);
    };
    await withApp(io, environmentOf(io, options), show, { reads: true });
  });
}

type Row = { project: Project; snapshot: RoiSnapshot | null };
const formatOf = (project: Project): Format =>
  createFormat({ locale: 'en-GB', currency: project.currency, timeZone: project.timeZone });

function overview(io: Io, rows: Row[]): void {
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
        if (outputs === undefined) return [project.id, 'not computed yet', '', '', '', '', '', '', ''];
        return [
          project.id,
          format.percent(outputs.roi),
          format.money(outputs.npv),
          format.money(outputs.benefitToDate),
          format.money(outputs.costToDate),
          irr(format, outputs),
          outputs.payback.date === null ? 'not yet' : format.date(outputs.payback.date),
          format.share(outputs.coverage.ratio),
          format.date(outputs.asOf),
        ];
      }),
    ),
  );
  const missing = rows.filter((row) => row.snapshot === null).length;
  if (missing > 0)
    io.out(`\n→ \`outturn pull --all\` brings data, \`outturn recompute\` computes ${missing === 1 ? 'it' : 'them'}.`);
}

function detail(io: Io, project: Project, snapshot: RoiSnapshot | null): void {
  io.out(`${io.color.bold(project.name)} ${io.color.dim(project.id)}`);
  if (snapshot === null) return io.out('Not computed yet. → `outturn pull --all`, then `outturn recompute`.');
  const { outputs } = snapshot;
  const format = formatOf(project);
  io.out(`${io.color.dim(outputs.basis)}\n`);
  const figures: [string, string][] = [
    ['ROI', format.percent(outputs.roi)],
    ['ROI, undiscounted', format.percent(outputs.realisedRoi)],
    ['NPV', format.money(outputs.npv)],
    [
      'Benefit to date',
      `${format.money(outputs.benefitToDate)}  ${io.color.dim(`unadjusted ${format.money(outputs.unadjustedBenefitToDate)}`)}`,
    ],
    [
      'Cost to date',
      `${format.money(outputs.costToDate)}  ${io.color.dim(`budget ${format.money(outputs.costs.budget)} · committed ${format.money(outputs.costs.commitments)}`)}`,
    ],
    ['Benefit–cost ratio', format.number(outputs.bcr)],
    ['IRR', irr(format, outputs)],
    [
      'Payback',
      outputs.payback.date === null
        ? 'not reached'
        : `${format.date(outputs.payback.date)}${outputs.payback.crossesBack ? ' (falls back below later)' : ''}`,
    ],
    [
      'Coverage',
      `${format.share(outputs.coverage.ratio)}  ${io.color.dim(`${outputs.coverage.received} of ${outputs.coverage.expected} points`)}`,
    ],
  ];
  for (const [name, value] of figures) io.out(`  ${name.padEnd(20)} ${value}`);
  io.out('');
  io.out(
    table(
      io,
      [
        { head: 'metric', wraps: true },
        { head: 'baseline', align: 'right' },
        { head: 'latest', align: 'right' },
        { head: 'target', align: 'right', optional: 2 },
        { head: 'benefit to date', align: 'right' },
        { head: 'coverage', align: 'right', optional: 1 },
        { head: 'state' },
      ],
      outputs.metrics.map((metric) => [
        metric.name,
        format.number(metric.baseline?.value ?? null),
        metric.latest === null ? 'no data' : `${format.number(metric.latest.actual)} ${metric.unit}`,
        format.number(metric.target?.value ?? null),
        metric.monetised ? format.money(metric.benefitToDate) : 'tracked',
        format.share(metric.coverage.ratio),
        metric.stale ? io.color.yellow('stale') : 'fresh',
      ]),
    ),
  );
  for (const warning of outputs.warnings) io.out(`${io.color.yellow('warning')} ${warning.message}`);
  io.out(
    io.color.dim(
      `\nsnapshot ${snapshot.id} · engine ${snapshot.engineVersion} · inputs ${snapshot.inputsHash.slice(0, 12)}`,
    ),
  );
}

async function history(app: App, io: Io, projects: Project[], json: boolean): Promise<void> {
  const rows = (await Promise.all(projects.map((project) => app.store.snapshots.history(project.id, 100)))).flat();
  if (json) return printJson(io, rows);
  if (rows.length === 0) return io.out('No snapshot yet. → `outturn pull --all`, then `outturn recompute`.');
  const byId = new Map(projects.map((project) => [project.id, formatOf(project)]));
  io.out(
    table(
      io,
      [
        { head: 'project', wraps: true },
        { head: 'as of' },
        { head: 'computed', optional: 2 },
        { head: 'ROI', align: 'right' },
        { head: 'NPV', align: 'right' },
        { head: 'coverage', align: 'right', optional: 1 },
        { head: 'snapshot' },
      ],
      rows.map(({ projectId, asOf, createdAtMs, outputs, id }) => {
        const format = byId.get(projectId) as Format;
        return [
          projectId,
          format.date(asOf),
          format.instant(createdAtMs),
          format.percent(outputs.roi),
          format.money(outputs.npv),
          format.share(outputs.coverage.ratio),
          id.slice(0, 8),
        ];
      }),
    ),
  );
}

function irr(format: Format, { irr }: RoiOutputs): string {
  if (irr.status === 'unique') return format.yearly(irr.value);
  return { multiple: 'several roots', none: 'no root', 'not-applicable': 'n/a' }[irr.status];
}

function select(projects: readonly Project[], id: string | undefined): Project[] {
  if (id === undefined) return [...projects];
  const project = projects.find((each) => each.id === id);
  if (project !== undefined) return [project];
  throw unknownName(
    'project',
    id,
    projects.map((each) => each.id),
  );
}
