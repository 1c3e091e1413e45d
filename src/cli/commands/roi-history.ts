import { createFormat, type Format, type Project } from '#domain';
import type { RoiSnapshot } from '#kit';
import type { App } from '#src/main/app';
import { type Io, printJson } from '../io.ts';
import { table } from '../table.ts';

const LIMIT = 100;

/** Every snapshot of the projects, newest first: what was computed when, from what was known by then. */
export async function showHistory(app: App, io: Io, projects: Project[], json: boolean): Promise<void> {
  const rows = (await Promise.all(projects.map(({ id }) => app.store.snapshots.history(id, LIMIT)))).flat();
  if (json) return printJson(io, rows);
  if (rows.length === 0) return io.out('No snapshot yet. → `outturn pull --all`, then `outturn recompute`.');
  const formats = new Map(
    projects.map(({ id, currency, timeZone }) => [id, createFormat({ locale: 'en-GB', currency, timeZone })]),
  );
  io.out(
    table(
      io,
      [
        { head: 'project', wraps: true },
        { head: 'as of' },
        { head: 'known at', optional: 1 },
        { head: 'ROI', align: 'right' },
        { head: 'NPV', align: 'right' },
        { head: 'NPV P10–P90', align: 'right', optional: 3 },
        { head: 'coverage', align: 'right', optional: 2 },
        { head: 'made with', optional: 4 },
        { head: 'snapshot' },
      ],
      rows.map((row) => {
        const format = formats.get(row.projectId) as Format;
        const { outputs } = row;
        return [
          row.projectId,
          format.date(row.asOf),
          format.instant(row.knownAtMs),
          format.percent(outputs.roi),
          format.money(outputs.npv),
          doubtOf(row, format),
          format.share(outputs.coverage.ratio),
          versionWords(row),
          row.id.slice(0, 8),
        ];
      }),
    ),
  );
  io.out(
    io.color.dim('\n→ `outturn roi --snapshot ID` shows one in full, `outturn restatements` what changed afterwards.'),
  );
}

/** Outputs of an earlier release have no doubt. */
function doubtOf({ outputs }: RoiSnapshot, format: Format): string {
  const npv = outputs.doubt?.npv ?? null;
  return npv === null ? '' : `${format.money(npv.p10)} – ${format.money(npv.p90)}`;
}

/** `engine 3, definition 4`: the number under which the definition is kept, else the beginning of its hash. */
export function versionWords({ engineVersion, versions }: Pick<RoiSnapshot, 'engineVersion' | 'versions'>): string {
  if (versions === null) return `engine ${engineVersion}`;
  const { definition, plan } = versions;
  return [
    `engine ${versions.engine}`,
    `definition ${definition.version ?? definition.hash.slice(0, 8)}`,
    ...(plan === null ? [] : [`plan ${plan}`]),
  ].join(', ');
}
