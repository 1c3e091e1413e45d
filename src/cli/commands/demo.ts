import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { createFormat } from '#domain';
import type { DemoDetails } from '#src/main/demo';
import { type CommonOptions, environmentOf, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { shellQuote } from '../shell-quote.ts';
import { invocation } from '../version.ts';

/** `outturn demo`: the whole promise in one command, on sources that it brings itself. */
export function demo(program: Command, io: Io): void {
  withCommon(
    program
      .command('demo')
      .summary('one full cycle on sandbox sources: pull, ROI, report, digest')
      .description(
        'One full cycle on sandbox sources: pull, ROI, report, digest. The demo brings its own configuration: everything it writes, that too, lies below <data>/demo.',
      ),
    ['demo', 'demo --json', 'demo --data /tmp/outturn'],
    { ownConfig: true },
  ).action(async (options: CommonOptions) => {
    // The whole process counts, its start included.
    const startedAtMs = Math.round(performance.timeOrigin);
    const environment = environmentOf(io, options, { logLevel: 'error' });
    const redraw = io.interactive && !options.json;
    // Loaded here: no other command needs the sandbox.
    const { runDemo } = await import('#src/main/demo');
    const details = await runDemo(environment, {
      startedAtMs,
      signal: io.signal,
      onStep: (step) => {
        if (redraw) process.stderr.write(`\r\x1b[2K${io.color.dim(`… ${step}`)}`);
      },
    });
    if (redraw) process.stderr.write('\r\x1b[2K');
    details.result.elapsedMs = Date.now() - startedAtMs;
    if (options.json) return printJson(io, document(details.result));
    io.out(summary(io, details));
  });
}

/** The result with its figures as JSON numbers, as `finance --json` writes them. */
function document(result: DemoDetails['result']): object {
  const number = (decimal: string | null): number | null => (decimal === null ? null : Number(decimal));
  return {
    ...result,
    projects: result.projects.map((project) => ({
      ...project,
      benefitToDate: number(project.benefitToDate),
      costToDate: number(project.costToDate),
      roi: number(project.roi),
      realisedRoi: number(project.realisedRoi),
      npv: number(project.npv),
      irr: { ...project.irr, value: number(project.irr.value) },
      coverage: number(project.coverage),
    })),
  };
}

function summary(
  io: Io,
  { result, names, currencies, configDirectory, dataDirectory, mailFolder, slackFolder, unchanged }: DemoDetails,
): string {
  const { bold, dim, green, red, cyan } = io.color;
  const rows = result.pulls.reduce((sum, pull) => sum + pull.rows, 0);
  const lines = ['', `${bold('Outturn')} ${dim('· what IT projects turned out to be worth')}`, ''];
  lines.push(
    `  ${green('✓')} PostgreSQL   ${result.postgres}, queue in ${result.queue === 'redis' ? 'Redis' : 'PostgreSQL'}`,
  );
  lines.push(
    `  ${green('✓')} pulled       ${result.pulls.length} streams · ${rows.toLocaleString('en-GB')} rows${unchanged ? dim(' · all of them known already') : ''}`,
  );
  lines.push(`  ${green('✓')} reports      ${result.reports.length} written`);
  const sent = result.deliveries.filter((delivery) => delivery.state === 'sent').length;
  lines.push(
    `  ${sent === result.deliveries.length ? green('✓') : red('✗')} digests      ${sent} of ${result.deliveries.length} delivered${unchanged ? dim(' · by an earlier run, nothing twice') : ''}`,
    '',
  );
  for (const project of result.projects) {
    const format = createFormat({ locale: 'en-GB', currency: currencies[project.id] ?? 'EUR', timeZone: 'UTC' });
    const pays = project.roi !== null && !project.roi.startsWith('-');
    const accent = pays ? green : red;
    lines.push(`  ${bold(names[project.id] ?? project.id)}`);
    lines.push(
      `    ROI ${accent(bold(format.percent(project.roi).padEnd(12)))} NPV ${accent(format.money(project.npv).padEnd(12))} benefit ${format.money(project.benefitToDate).padEnd(10)} cost ${format.money(project.costToDate)}`,
    );
    const irr = project.irr.status === 'unique' ? format.yearly(project.irr.value) : 'n/a';
    lines.push(
      dim(
        `    IRR ${irr.padEnd(12)} ${(project.paybackDate === null ? 'not paid back yet' : `paid back ${format.date(project.paybackDate)}`).padEnd(24)} coverage ${format.share(project.coverage)}`,
      ),
      '',
    );
  }
  const here = (target: string): string => path.relative(process.cwd(), target) || '.';
  for (const report of result.reports.filter((each) => each.format === 'html'))
    lines.push(`  report  ${cyan(here(report.path))}`);
  lines.push(`  mail    ${cyan(here(mailFolder))}`, `  Slack   ${cyan(here(slackFolder))}`, '');
  const firstReport = result.reports.find((each) => each.format === 'html');
  const at = `--config ${shellQuote(here(configDirectory))} --data ${shellQuote(here(dataDirectory))}`;
  lines.push(bold('Next'));
  if (firstReport) lines.push(`  open the report        ${dim(pathToFileURL(firstReport.path).href)}`);
  lines.push(`  see every figure       ${invocation} roi ${result.projects[0]?.id ?? ''} ${at}`);
  lines.push(`  read the YAML          ${shellQuote(here(configDirectory))}`);
  lines.push(`  connect your sources   edit config/, then  ${invocation} validate  and  check`, '');
  lines.push(dim(`${(result.elapsedMs / 1000).toFixed(1)} s`));
  return lines.join('\n');
}
