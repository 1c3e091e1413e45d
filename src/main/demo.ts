import { access, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RoiOutputs } from '#domain';
import { type Config, type DeliveryRow, errorCodes, OutturnError, type ReportRow } from '#kit';
import { makeDirectory } from '#src/embedded/index';
import type { App } from './app.ts';
import { type DatabaseServer, openServer } from './database-server.ts';
import { lockDemo } from './demo-lock.ts';
import type { Environment } from './environment.ts';
import { writingBelow } from './file-problem.ts';
import { pullFigures } from './pull-summary.ts';

export interface DemoResult {
  elapsedMs: number;
  postgres: string;
  queue: string;
  pulls: { connector: string; stream: string; pages: number; rows: number; revisions: number }[];
  projects: {
    id: string;
    benefitToDate: string | null;
    costToDate: string | null;
    roi: string | null;
    realisedRoi: string | null;
    npv: string | null;
    irr: { status: string; value: string | null };
    paybackDate: string | null;
    coverage: string | null;
  }[];
  reports: { project: string; format: string; path: string; bytes: number }[];
  deliveries: { channel: string; target: string; state: string; messageId: string | null }[];
}
/** What only the human summary shows. */
export interface DemoDetails {
  result: DemoResult;
  names: Record<string, string>;
  currencies: Record<string, string>;
  configDirectory: string;
  dataDirectory: string;
  mailFolder: string;
  slackFolder: string;
  /** Nothing was new: everything had been pulled and delivered by an earlier run. */
  unchanged: boolean;
}

const TIMEOUT_MS = 60_000;

/**
 * One full cycle on sandbox sources: pull → store → ROI → report → digest → mail and Slack. Data end at the last local
 * midnight, so a second run on the same day finds nothing new.
 */
export async function runDemo(
  environment: Environment,
  options: { startedAtMs: number; signal: AbortSignal; onStep(step: string): void },
): Promise<DemoDetails> {
  const dataDirectory = path.join(environment.dataDirectory, 'demo');
  // First of all, for as root PostgreSQL runs as a user who must be able to pass.
  await makeDirectory(dataDirectory);
  const lock = await lockDemo(dataDirectory, {
    signal: options.signal,
    onWait: (pid) => options.onStep(`waiting for another demo (process ${pid})`),
  });
  try {
    // Its own database and queue always: invented figures have no place in somebody's real ones.
    return await runAlone({ ...environment, dataDirectory, databaseUrl: null, redis: null }, options);
  } finally {
    await lock.release();
  }
}

async function runAlone(
  environment: Environment,
  options: { startedAtMs: number; signal: AbortSignal; onStep(step: string): void },
): Promise<DemoDetails> {
  const { dataDirectory } = environment;
  const isFirst = !(await exists(path.join(dataDirectory, 'postgres')));
  options.onStep('PostgreSQL');
  // A program of its own, busy for a second: what this process has to load, it loads meanwhile.
  const server = openServer(environment, { isDisposable: true });
  try {
    return await runCycle(environment, { ...options, server, isFirst });
  } finally {
    // Harmless after the app has given it up; the error of a failed start was the app's.
    await server.then(
      (started) => started.release(),
      () => undefined,
    );
  }
}

async function runCycle(
  environment: Environment,
  options: {
    startedAtMs: number;
    signal: AbortSignal;
    onStep(step: string): void;
    server: Promise<DatabaseServer>;
    isFirst: boolean;
  },
): Promise<DemoDetails> {
  const { dataDirectory } = environment;
  const configDirectory = path.join(dataDirectory, 'config');
  // A failed start is told by the app; until that waits for it, it must not count as unhandled.
  options.server.catch(() => undefined);
  const [{ sandboxConfigYaml, startSandbox }, { clock, openApp }] = await Promise.all([
    import('#src/sandbox/index'),
    import('./app.ts'),
  ]);
  const midnightMs = lastMidnightMs(clock.nowMs());
  const sandboxDirectory = path.join(dataDirectory, 'sandbox');
  const sandbox = await writingBelow(dataDirectory, () =>
    startSandbox({ nowMs: midnightMs, directory: sandboxDirectory, log: environment.log }),
  );
  try {
    const yaml = sandboxConfigYaml(sandbox, { objectsDirectory: path.join(dataDirectory, 'objects') });
    await writingBelow(dataDirectory, () => writeConfig(configDirectory, yaml));
    // Later runs have nothing to render and nothing to deliver.
    if (options.isFirst) await preload();
    const app = await openApp({ ...environment, configDirectory }, options.server);
    try {
      const streams = app.config.connectors.flatMap((connector) =>
        connector.streams.map((stream) => ({ connector: connector.id, stream: stream.id })),
      );
      options.onStep(`pulling ${streams.length} streams`);
      const pulls = await run(
        app,
        streams.map((args) => ({ kind: 'pull', args })),
        options.signal,
      );
      options.onStep('digests');
      const slot = new Date(midnightMs).toISOString().slice(0, 10);
      await run(
        app,
        app.config.subscriptions.map((subscription) => ({
          kind: 'send-digest',
          args: { subscription: subscription.id, slot },
        })),
        options.signal,
      );
      const reports = await reportsOf(app);
      const deliveries = await app.store.deliveries.list(1_000);
      const summaries = await Promise.all(
        streams.flatMap((stream, index) => {
          const job = pulls[index];
          return job === undefined ? [] : [pullFigures(app.store, stream, job)];
        }),
      );
      return {
        result: {
          elapsedMs: clock.nowMs() - options.startedAtMs,
          postgres: `embedded ${app.database.version}`,
          queue: app.queueBackend,
          pulls: summaries.map(({ connector, stream, pages, rows, revisions }) => ({
            connector,
            stream,
            pages,
            rows,
            revisions,
          })),
          projects: await projectsOf(app),
          reports: reports.map((report) => ({
            project: report.projectId,
            format: report.format,
            path: report.location,
            bytes: report.bytes,
          })),
          deliveries: deliveriesOf(app.config, slot, deliveries),
        },
        names: Object.fromEntries(app.config.projects.map((project) => [project.id, project.name])),
        currencies: Object.fromEntries(app.config.projects.map((project) => [project.id, project.currency])),
        configDirectory,
        dataDirectory,
        mailFolder: sandbox.mailDirectory,
        slackFolder: sandbox.slackDirectory,
        unchanged: summaries.every((pull) => pull.inserted === 0 && pull.revisions === 0),
      };
    } finally {
      options.onStep('closing');
      await app.close();
    }
  } finally {
    await sandbox.close();
  }
}

/** What the first digest needs, while PostgreSQL makes its cluster. */
async function preload(): Promise<void> {
  const [{ preloadRenderer }, { preloadChannels }] = await Promise.all([
    import('#src/render/index'),
    import('#src/delivery/index'),
  ]);
  await Promise.all([preloadRenderer(), preloadChannels()]);
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

async function run(app: App, requests: { kind: string; args: Record<string, unknown> }[], signal: AbortSignal) {
  const { runHere } = await import('./work.ts');
  const jobs = await runHere(app, requests, { cause: 'demo', timeoutMs: TIMEOUT_MS, signal });
  const failed = jobs.find((job) => job.state !== 'succeeded' && job.state !== 'collapsed');
  if (failed)
    throw new OutturnError(
      errorCodes.find((code) => code === failed.errorCode) ?? 'internal',
      `${failed.kind} ${JSON.stringify(failed.args)} ended as ${failed.state}: ${failed.errorCode} ${failed.errorMessage}`,
    );
  return jobs;
}

async function writeConfig(directory: string, files: Record<string, string>): Promise<void> {
  await makeDirectory(directory);
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(directory, name), content);
}

async function projectsOf(app: App): Promise<DemoResult['projects']> {
  const rows = await Promise.all(
    app.config.projects.map(async (project) => ({
      id: project.id,
      snapshot: await app.store.snapshots.latest(project.id),
    })),
  );
  return rows.map(({ id, snapshot }) => {
    const outputs: RoiOutputs | undefined = snapshot?.outputs;
    return {
      id,
      benefitToDate: outputs?.benefitToDate ?? null,
      costToDate: outputs?.costToDate ?? null,
      roi: outputs?.roi ?? null,
      realisedRoi: outputs?.realisedRoi ?? null,
      npv: outputs?.npv ?? null,
      irr: { status: outputs?.irr.status ?? 'not-applicable', value: outputs?.irr.value ?? null },
      paybackDate: outputs?.payback.date ?? null,
      coverage: outputs?.coverage.ratio ?? null,
    };
  });
}

const reportsOf = async (app: App): Promise<ReportRow[]> =>
  (await Promise.all(app.config.projects.map((project) => app.store.reports.latest(project.id)))).flat();

/** The deliveries of this cycle's slot, whether made now or by an earlier run. */
function deliveriesOf(config: Config, slot: string, rows: DeliveryRow[]): DemoResult['deliveries'] {
  const subscriptions = new Set(config.subscriptions.map((subscription) => subscription.id));
  return rows
    .filter((row) => row.slot === slot && subscriptions.has(row.subscription))
    .map((row) => ({ channel: row.channel, target: row.address, state: row.state, messageId: row.messageId }))
    .sort((a, b) => `${a.channel} ${a.target}`.localeCompare(`${b.channel} ${b.target}`));
}

/** Midnight UTC: the sandbox's history is the same for everybody on one day. */
const lastMidnightMs = (nowMs: number): number => nowMs - (nowMs % 86_400_000);
