import { asOutturnError, type Finding } from '#kit';
import { type App, clock, openApp } from './app.ts';
import { formatProblem, readConfig } from './configuration.ts';
import { type Environment, requireDataDirectory } from './environment.ts';
import { mendMissingWork } from './mend-missing-work.ts';
import { findMissingWork, isStream, MEND_COMMAND } from './missing-work.ts';
import { unappliedProjects } from './projects.ts';
import { JOB_LATE_MS, STREAM_LATE_MS } from './status.ts';
import { isRetrying } from './work.ts';

const CLOCK_TOLERANCE_MS = 2_000;
const OPEN_JOBS = 1_000;
/** Of each kind of trouble; `outturn jobs` has all. */
const SHOWN = 5;

/** Looks at everything the machinery rests on; what fails is a finding, and stops only what depends on it. */
export async function diagnose(
  environment: Environment,
  { mend = false }: { mend?: boolean | undefined } = {},
): Promise<Finding[]> {
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
    message: [
      counted(config.connectors.length, 'connector'),
      counted(config.projects.length, 'project'),
      counted(config.subscriptions.length, 'subscription'),
    ].join(', '),
  });
  let app: App;
  try {
    await requireDataDirectory(environment);
    app = await openApp(environment, undefined, undefined, { applies: false });
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
    findings.push(...(await probe('projects', () => projects(app))));
    findings.push(
      ...(await probe('queue', async () => {
        const { backend, label, target, warnings } = await (await app.queue()).health();
        const message = backend === 'redis' ? `in ${label} at ${target}` : 'in PostgreSQL';
        return [
          { level: 'ok', aspect: 'queue', message },
          ...warnings.map((warning): Finding => ({ level: 'warning', aspect: 'queue', message: warning })),
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
      ...(await probe('missing work', () => missing(app, mend))),
    );
    return findings;
  } finally {
    await app.close();
  }
}

async function projects(app: App): Promise<Finding[]> {
  const inForce = (await app.store.projects.list()).length;
  const unapplied = await unappliedProjects(app.ports);
  if (unapplied.length === 0)
    return [{ level: 'ok', aspect: 'projects', message: `${counted(inForce, 'project')} in force` }];
  return [
    {
      level: 'warning',
      aspect: 'projects',
      message: `${unapplied.join(', ')}: the configuration says something else than what is in force`,
      hint: 'outturn plan shows the difference, outturn apply puts it in force.',
    },
  ];
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
      const isSentTo = app.ports.registry.connectorKind(connector.kind)?.capabilities.pull === false;
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
          message: isSentTo ? `to ${name} nothing was ever sent` : `${name} was never pulled`,
          hint: isSentTo
            ? `\`outturn check ${connector.id}\` tells where senders send to.`
            : `\`outturn pull ${name}\``,
        });
      else if (clock.nowMs() - watermark.watermarkMs > STREAM_LATE_MS)
        findings.push({
          level: 'warning',
          aspect: 'stream',
          message: `${name} ${isSentTo ? 'is known up to' : 'was last pulled up to'} ${new Date(watermark.watermarkMs).toISOString()}`,
          hint: isSentTo
            ? 'Does its sender still send? Its own log tells what it was answered.'
            : 'Is a worker and a scheduler running, and has the connector a schedule?',
        });
    }
  return findings.length > 0 ? findings : [{ level: 'ok', aspect: 'streams', message: 'all pulled within two days' }];
}

async function work(app: App): Promise<Finding[]> {
  const nowMs = clock.nowMs();
  const { running, waiting, retrying, later, overdue, oldestDueAtMs } = await app.store.jobs.summary(
    nowMs - JOB_LATE_MS,
  );
  const findings: Finding[] = [
    {
      level: 'ok',
      aspect: 'jobs',
      message: `${running} running, ${waiting} waiting, ${retrying} to be tried again, ${later} for later`,
    },
  ];
  if (overdue > 0 && oldestDueAtMs !== null)
    findings.push({
      level: 'warning',
      aspect: 'jobs',
      message: `${overdue} should have begun; the oldest waits since ${new Date(oldestDueAtMs).toISOString()}${running === 0 ? ', and none runs' : ''}`,
      hint:
        running === 0
          ? 'Start a worker: `outturn up` or `outturn worker`. `outturn queue status` tells whether a queue is paused.'
          : '`outturn jobs --late` lists them; more workers, or `--concurrency`, make the queue shorter.',
    });
  const published = await app.store.outbox.list({ state: 'published', limit: OPEN_JOBS });
  for (const row of published.filter(isRetrying).slice(0, SHOWN))
    findings.push({
      level: 'warning',
      aspect: 'retrying',
      message: `${row.kind} failed ${row.attempts} times: ${row.errorCode}: ${row.errorMessage}`,
      hint: `\`outturn jobs ${row.id.slice(0, 8)}\` shows it.`,
    });
  for (const letter of await app.store.deadLetters.search({ state: 'open', limit: SHOWN }))
    findings.push({
      level: 'warning',
      aspect: 'dead letter',
      message: `${letter.kind} ${JSON.stringify(letter.args)} of ${new Date(letter.lastFailedAtMs).toISOString()}: ${letter.errorCode}: ${letter.errorMessage}`,
      hint: `\`outturn jobs replay ${letter.jobId.slice(0, 8)} --dry-run\` tells what another try would do.`,
    });
  const unknown = (await app.store.deliveries.counts()).unknown ?? 0;
  if (unknown > 0)
    findings.push({
      level: 'warning',
      aspect: 'messages',
      message: `of ${unknown} nobody knows whether they arrived`,
      hint: '`outturn deliveries --state unknown` lists them; `outturn deliveries settle` ends each.',
    });
  return findings;
}

/** What should exist and does not; with `mend` it is asked for, as far as that is harmless to repeat. */
async function missing(app: App, mend: boolean): Promise<Finding[]> {
  const queue = await app.queue().catch(() => undefined);
  const found = (await findMissingWork(app, queue)).filter(
    // The streams have told it.
    ({ kind, about }) =>
      kind !== 'pull' || !isStream(app.config, about['connector'] ?? '', about['stream'] ?? '') || mend,
  );
  if (found.length === 0) return [{ level: 'ok', aspect: 'missing work', message: 'none' }];
  const mended = mend ? await mendMissingWork(app, found, 'doctor --mend') : [];
  return found.map((finding) => {
    const { message, command, isMendable } = finding;
    const done = mended.find((each) => each.finding === finding);
    if (done !== undefined) {
      const how = done.jobId === null ? '' : `: the job ${done.jobId.slice(0, 8)} does it when a worker runs`;
      return { level: 'ok', aspect: 'mended', message: `${message}${how}` };
    }
    const byDoctor = isMendable && !mend && command !== MEND_COMMAND ? ` or \`${MEND_COMMAND}\`` : '';
    return { level: 'error', aspect: 'missing work', message, hint: `\`${command}\`${byDoctor}` };
  });
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
