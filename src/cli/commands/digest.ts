import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { asOutturnError, type Config, type DeliveryRow, OutturnError } from '#kit';
import type { App } from '#src/main/app';
import { previewDigest } from '#src/main/digest-preview';
import { jobView } from '#src/main/job-view';
import { runToEnd } from '#src/main/work';
import { type CommonOptions, environmentOf, withApp, withCommon, withExamples } from '../command.ts';
import { finishJobs } from '../finish-jobs.ts';
import { type Io, printJson } from '../io.ts';
import { table } from '../table.ts';
import { requireWord, unknownName } from '../unknown-name.ts';

const TIMEOUT_MS = 5 * 60_000;
const forms = ['text', 'html', 'slack', 'facts'] as const;

/** `outturn digest preview|send`: what a subscription's readers get. */
export function digest(program: Command, io: Io): void {
  const group = withExamples(program.command('digest').description('preview or send the digest of a subscription'), [
    'digest preview checkout-weekly',
    'digest send checkout-weekly --test',
  ]);
  preview(group, io);
  send(group, io);
}

function preview(group: Command, io: Io): void {
  withCommon(
    group
      .command('preview')
      .argument('<subscription>', 'id of the subscription')
      .description('render the digest from the newest snapshot; nothing is sent or stored')
      .option('--channel <channel>', forms.join(', '), 'text')
      .option('--output <file>', 'write there instead of to standard output'),
    ['digest preview checkout-weekly', 'digest preview checkout-weekly --channel html --output digest.html'],
  ).action(async (id: string, options: CommonOptions & { channel: string; output?: string }) => {
    const channel = requireWord('channel', options.channel, forms);
    const environment = environmentOf(io, options);
    const show = async (app: App): Promise<void> => {
      const { facts, mail, html, slack } = await previewDigest(app, id);
      const texts = {
        text: () => `${mail.subject}\n\n${mail.text}`,
        html: () => html,
        slack: () => JSON.stringify(slack, null, 2),
        facts: () => JSON.stringify(facts, null, 2),
      };
      const document = { subject: mail.subject, text: mail.text, slack, facts };
      const content = options.json && options.output === undefined ? null : texts[channel]();
      if (content === null) return printJson(io, document);
      if (options.output === undefined) return io.out(content);
      await write(options.output, `${content}\n`);
      if (options.json) printJson(io, { written: options.output, channel });
      else io.err(`wrote ${options.output}`);
    };
    await withApp(io, environment, show, { reads: true, check: (config) => requireSubscription(config, id) });
  });
}

function send(group: Command, io: Io): void {
  withCommon(
    group
      .command('send')
      .argument('<subscription>', 'id of the subscription')
      .description('send the digest now')
      .option('--test', 'mark it TEST; it never counts as a delivered digest')
      .option('--slot <id>', 'the same slot is never delivered twice; a new one for each call when absent'),
    ['digest send checkout-weekly --test', 'digest send checkout-weekly --slot 2026-11-23T07:00:00Z'],
  ).action(async (id: string, options: CommonOptions & { test?: boolean; slot?: string }) => {
    const slot = options.slot ?? `manual-${randomUUID()}`;
    if (slot.trim() === '' || slot.length > 200)
      throw new OutturnError('usage', '--slot takes a text of 1 to 200 characters.');
    const work = async (app: App): Promise<void> => {
      const args = { subscription: id, slot, ...(options.test ? { test: true } : {}) };
      const { jobs, followUps } = await runToEnd(app, [{ kind: 'send-digest', args }], {
        cause: 'cli',
        timeoutMs: TIMEOUT_MS,
        signal: io.signal,
      });
      const digestId = jobs.map((job) => (job.result as { digestId?: string } | null)?.digestId)[0];
      const deliveries = (await app.store.deliveries.list(1_000)).filter((row) => row.digestId === digestId);
      const failed = jobs.some((job) => job.state === 'failed') || deliveries.some((row) => row.state !== 'sent');
      if (options.json) printJson(io, { slot, jobs: jobs.map(jobView), deliveries });
      else {
        finishJobs(io, { jobs, followUps }, false);
        // A digest that was there before causes no job: whoever asks again is told why nothing moves.
        if (deliveries.length > 0) io.out(deliveryTable(io, deliveries));
        if (deliveries.length > 0 && followUps.length === 0)
          io.out(io.color.dim('This slot had its digest already: nothing was sent again.'));
        if (jobs.some(({ result }) => (result as { state?: string } | null)?.state === 'unchanged'))
          io.out(io.color.dim('To see it all the same: outturn digest preview, or outturn digest send --test.'));
      }
      io.setExitCode(failed ? 1 : 0);
    };
    await withApp(io, environmentOf(io, options, { logLevel: 'error' }), work, {
      check: (config) => requireSubscription(config, id),
    });
  });
}

const deliveryTable = (io: Io, deliveries: readonly DeliveryRow[]): string =>
  table(
    io,
    [
      { head: 'channel' },
      { head: 'to', wraps: true },
      { head: 'state' },
      { head: 'message', wraps: true, optional: 1 },
    ],
    deliveries.map((row) => ({
      cells: [
        row.channel,
        row.recipientName === row.address ? row.address : `${row.recipientName} ${row.address}`,
        row.state === 'sent' ? io.color.green(row.state) : io.color.red(row.state),
        row.messageId,
      ],
      note: row.errorMessage === null ? undefined : `${row.errorCode}: ${row.errorMessage}`,
    })),
  );

async function write(file: string, content: string): Promise<void> {
  try {
    await writeFile(file, content);
  } catch (error) {
    throw new OutturnError('usage', `${file} cannot be written: ${asOutturnError(error).message}`, {
      hint: 'Name a file in a folder that exists and may be written.',
      cause: error,
    });
  }
}

function requireSubscription(config: Config, id: string): void {
  const known = config.subscriptions.map((subscription) => subscription.id);
  if (!known.includes(id)) throw unknownName('subscription', id, known);
}
