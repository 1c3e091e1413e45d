import { asOutturnError, type Finding } from '#kit';
import { type App, clock, openApp } from './app.ts';
import { formatProblem, readConfig } from './configuration.ts';
import { type Environment, requireDataDirectory } from './environment.ts';
import { isRetrying } from './work.ts';

/** A stream is called late when its watermark is older than this. */
const LATE_MS = 2 * 86_400_000;
const CLOCK_TOLERANCE_MS = 2_000;
/** A job that waits so long while none runs has no worker. */
const STUCK_MS = 2 * 60_000;
const OPEN_JOBS = 1_000;
/** Of each kind of trouble; `outturn jobs` has all. */
const SHOWN = 5;

/** Looks at everything the machinery rests on; what fails is a finding, and stops only what depends on it. */
export async function diagnose(environment: Environment): Promise<Finding[]> {
  const findings: Finding[] = [{ level: 'ok', aspect: 'node', message: `Node ${process.versions.node}` }];
  const { config, problems } = await readConfig(environment);
  const errors = problems.filter((problem) => problem.severity === 'error');
  for (const problem of problems)
    findings.push({
      level: problem.severity,
      aspect: 'configuration',
      message: formatProblem(problem).replace(' warning ', ' '),
    });
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
    await requireDataDirectory(environment);
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
      ...(await channels(app)),
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

/** Each channel that a subscription uses: connected and logged in, nothing sent. */
async function channels(app: App): Promise<Finding[]> {
  const { settings, subscriptions } = app.config;
  const used = new Set(subscriptions.flatMap((subscription) => subscription.targets.map((target) => target.channel)));
  const settingsOf = { email: settings.smtp, slack: settings.slack };
  return Promise.all(
    (['email', 'slack'] as const)
      .filter((channel) => used.has(channel))
      .map(async (channel): Promise<Finding> => {
        if (settingsOf[channel] === null)
          return {
            level: 'error',
            aspect: channel,
            message: 'a subscription delivers there, but it is not configured',
            hint: `Set settings.${channel === 'email' ? 'smtp' : 'slack'}.`,
          };
        try {
          await app.messenger.check(channel);
          return { level: 'ok', aspect: channel, message: 'takes the login; `outturn digest send … --test` sends' };
        } catch (thrown) {
          const error = asOutturnError(thrown);
          return { level: 'error', aspect: channel, message: app.ports.redact(error.message), hint: error.hint };
        }
      }),
  );
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
          message: `${name}: the last pull failed: ${latest.errorCode}: ${latest.errorMessage}`,
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
  const { outbox } = app.store;
  const published = await outbox.list({ state: 'published', limit: OPEN_JOBS });
  const retrying = published.filter(isRetrying);
  const waiting = [...published, ...(await outbox.list({ state: 'pending', limit: OPEN_JOBS }))].filter(
    (row) => !isRetrying(row) && (row.notBeforeMs ?? 0) <= clock.nowMs(),
  );
  const running = (await outbox.list({ state: 'running', limit: OPEN_JOBS })).length;
  const findings: Finding[] = [
    {
      level: 'ok',
      aspect: 'jobs',
      message: `${running} running, ${waiting.length} waiting, ${retrying.length} to be tried again`,
    },
  ];
  const oldestMs = Math.min(...waiting.map((row) => row.createdAtMs));
  if (running === 0 && clock.nowMs() - oldestMs > STUCK_MS)
    findings.push({
      level: 'warning',
      aspect: 'jobs',
      message: `the oldest waits since ${new Date(oldestMs).toISOString()} and none runs`,
      hint: 'Start a worker: `outturn up` or `outturn worker`.',
    });
  for (const row of retrying.slice(0, SHOWN))
    findings.push({
      level: 'warning',
      aspect: 'retrying',
      message: `${row.kind} failed ${row.attempts} times: ${row.errorCode}: ${row.errorMessage}`,
      hint: `\`outturn jobs ${row.id.slice(0, 8)}\` shows it.`,
    });
  // Asked for again and done meanwhile: nothing to tell.
  for (const letter of await app.store.deadLetters.list(SHOWN))
    if ((await outbox.get(letter.jobId))?.state === 'failed')
      findings.push({
        level: 'warning',
        aspect: 'dead letter',
        message: `${letter.kind} ${JSON.stringify(letter.args)} of ${new Date(letter.lastFailedAtMs).toISOString()}: ${letter.errorCode}: ${letter.errorMessage}`,
        hint: `\`outturn jobs ${letter.jobId.slice(0, 8)}\` shows it.`,
      });
  return findings;
}
