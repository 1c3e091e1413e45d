import { asOutturnError, type Finding } from '#kit';
import { type App, clock, openApp } from './app.ts';
import { formatProblem, readConfig } from './configuration.ts';
import type { Environment } from './environment.ts';

/** A stream is called late when its watermark is older than this. */
const LATE_MS = 2 * 86_400_000;
const CLOCK_TOLERANCE_MS = 2_000;

/** Looks at everything the machinery rests on; what fails is a finding, and stops only what depends on it. */
export async function diagnose(environment: Environment): Promise<Finding[]> {
  const findings: Finding[] = [{ level: 'ok', aspect: 'node', message: `Node ${process.versions.node}` }];
  const { config, problems } = await readConfig(environment);
  const errors = problems.filter((problem) => problem.severity === 'error');
  for (const problem of problems)
    findings.push({ level: problem.severity, aspect: 'configuration', message: formatProblem(problem) });
  if (config === null || errors.length > 0)
    return [
      ...findings,
      { level: 'warning', aspect: 'database', message: 'not looked at: the configuration must be mended first' },
    ];
  findings.push({
    level: 'ok',
    aspect: 'configuration',
    message: `${config.connectors.length} connectors, ${config.projects.length} projects, ${config.subscriptions.length} subscriptions`,
  });
  let app: App;
  try {
    app = await openApp(environment);
  } catch (thrown) {
    const error = asOutturnError(thrown);
    return [
      ...findings,
      { level: 'error', aspect: 'database', message: environment.redactor.text(error.message), hint: error.hint },
    ];
  }
  try {
    const probe = async (aspect: string, run: () => Promise<Finding[]>): Promise<Finding[]> => {
      try {
        return await run();
      } catch (thrown) {
        const error = asOutturnError(thrown);
        return [{ level: 'error', aspect, message: environment.redactor.text(error.message), hint: error.hint }];
      }
    };
    findings.push(...(await probe('database', () => database(app))));
    findings.push(
      ...(await probe('queue', async () => {
        await (await app.queue()).health();
        return [
          { level: 'ok', aspect: 'queue', message: app.queueBackend === 'redis' ? 'Redis answers' : 'in PostgreSQL' },
        ];
      })),
    );
    findings.push(
      ...(await probe('objects', async () => {
        await app.ports.objects.check();
        return [{ level: 'ok', aspect: 'objects', message: 'can be written and read' }];
      })),
    );
    findings.push(
      ...channels(app),
      ...(await probe('streams', () => streams(app))),
      ...(await probe('jobs', () => work(app))),
    );
    return findings;
  } finally {
    await app.close();
  }
}

async function database(app: App): Promise<Finding[]> {
  const { version, clockDifferenceMs } = await app.store.health();
  const findings: Finding[] = [
    { level: 'ok', aspect: 'database', message: `${app.database.mode} PostgreSQL ${version}, migrated` },
  ];
  if (Math.abs(clockDifferenceMs) > CLOCK_TOLERANCE_MS)
    findings.push({
      level: 'error',
      aspect: 'clock',
      message: `this host's clock is ${clockDifferenceMs} ms off the database's`,
      hint: 'Synchronise the clocks (NTP): locks and schedules rest on them.',
    });
  return findings;
}

function channels(app: App): Finding[] {
  const { settings, subscriptions } = app.config;
  const used = new Set(subscriptions.flatMap((subscription) => subscription.targets.map((target) => target.channel)));
  return (['email', 'slack'] as const)
    .filter((channel) => used.has(channel))
    .map((channel) => {
      const configured = channel === 'email' ? settings.smtp !== null : settings.slack !== null;
      return configured
        ? { level: 'ok', aspect: channel, message: 'configured; `outturn digest send … --test` tries it' }
        : {
            level: 'error',
            aspect: channel,
            message: 'a subscription delivers there, but it is not configured',
            hint: `Set settings.${channel === 'email' ? 'smtp' : 'slack'}.`,
          };
    });
}

async function streams(app: App): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const connector of app.config.connectors)
    for (const stream of connector.streams) {
      const name = `${connector.id}.${stream.id}`;
      const watermark = await app.store.watermarks.get(connector.id, stream.id);
      const latest = await app.store.pulls.latest(connector.id, stream.id);
      const job = latest?.state === 'running' ? await app.store.outbox.get(latest.jobId) : null;
      if (latest?.state === 'running' && job?.acknowledgedAtMs !== null)
        findings.push({
          level: 'error',
          aspect: 'stream',
          message: `${name}: the last pull was interrupted: its process ended before it did`,
          hint: `\`outturn pull ${name}\` reads it again; \`outturn jobs ${latest.jobId.slice(0, 8)}\` tells more.`,
        });
      else if (latest?.state === 'failed')
        findings.push({
          level: 'error',
          aspect: 'stream',
          message: `${name}: the last pull failed: ${latest.errorCode} ${latest.errorMessage}`,
          hint: `\`outturn check ${connector.id}\` tries it.`,
        });
      else if (watermark === null)
        findings.push({
          level: 'warning',
          aspect: 'stream',
          message: `${name} was never pulled`,
          hint: `\`outturn pull ${name}\``,
        });
      else if (clock.nowMs() - watermark.watermarkMs > LATE_MS)
        findings.push({
          level: 'warning',
          aspect: 'stream',
          message: `${name} was last pulled up to ${new Date(watermark.watermarkMs).toISOString()}`,
          hint: 'Is a worker and a scheduler running, and has the connector a schedule?',
        });
    }
  return findings.length > 0 ? findings : [{ level: 'ok', aspect: 'streams', message: 'all pulled within two days' }];
}

async function work(app: App): Promise<Finding[]> {
  const open = await app.store.outbox.openCount();
  const dead = await app.store.deadLetters.list(5);
  const findings: Finding[] = [{ level: 'ok', aspect: 'jobs', message: `${open} waiting or running` }];
  for (const letter of dead)
    findings.push({
      level: 'warning',
      aspect: 'dead letter',
      message: `${letter.kind} ${JSON.stringify(letter.args)}: ${letter.errorCode} ${letter.errorMessage}`,
      hint: `\`outturn jobs ${letter.jobId.slice(0, 8)}\` shows it.`,
    });
  return findings;
}
