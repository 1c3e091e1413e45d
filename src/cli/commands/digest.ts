import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { OutturnError, PermanentError } from '#kit';
import { type App, openApp } from '#src/main/app';
import { previewDigest } from '#src/main/digest-preview';
import { jobView } from '#src/main/job-view';
import { runHere } from '#src/main/work';
import { type CommonOptions, environmentOf, withCommon } from '../command.ts';
import { finishJobs } from '../finish-jobs.ts';
import { type Io, printJson, table } from '../io.ts';

const TIMEOUT_MS = 5 * 60_000;

/** `outturn digest preview|send`: what a subscription's readers get. */
export function digest(program: Command, io: Io): void {
  const group = program.command('digest').description('preview or send the digest of a subscription').exitOverride();
  withCommon(
    group
      .command('preview')
      .argument('<subscription>')
      .description('render the digest from the newest snapshot; nothing is sent or stored')
      .option('--channel <channel>', 'text, html, slack or facts', 'text')
      .option('--output <file>', 'write there instead of to standard output')
      .exitOverride(),
    ['digest preview checkout-weekly', 'digest preview checkout-weekly --channel html --output digest.html'],
  ).action(async (id: string, options: CommonOptions & { channel: string; output?: string }) => {
    const app = await openApp(environmentOf(io, options));
    try {
      requireSubscription(app, id);
      const preview = await previewDigest(app, id);
      const forms: Record<string, string> = {
        text: `${preview.mail.subject}\n\n${preview.mail.text}`,
        html: preview.html,
        slack: JSON.stringify(preview.slack, null, 2),
        facts: JSON.stringify(preview.facts, null, 2),
      };
      const form = options.json
        ? JSON.stringify(
            { subject: preview.mail.subject, text: preview.mail.text, slack: preview.slack, facts: preview.facts },
            null,
            2,
          )
        : forms[options.channel];
      if (form === undefined)
        throw new OutturnError('usage', `There is no channel "${options.channel}".`, {
          hint: `Channels: ${Object.keys(forms).join(', ')}.`,
        });
      if (options.output === undefined) return io.out(form);
      await writeFile(options.output, form);
      io.err(`wrote ${options.output}`);
    } finally {
      await app.close();
    }
  });
  withCommon(
    group
      .command('send')
      .argument('<subscription>')
      .description('send the digest now')
      .option('--test', 'mark it TEST; it never counts as a delivered digest')
      .option('--slot <id>', 'the same slot is never delivered twice; a new one for each call when absent')
      .exitOverride(),
    ['digest send checkout-weekly --test', 'digest send checkout-weekly --slot 2026-11-23T07:00:00Z'],
  ).action(async (id: string, options: CommonOptions & { test?: boolean; slot?: string }) => {
    const app = await openApp(environmentOf(io, options));
    try {
      requireSubscription(app, id);
      const slot = options.slot ?? `manual-${randomUUID()}`;
      const args = { subscription: id, slot, ...(options.test ? { test: true } : {}) };
      const jobs = await runHere(app, [{ kind: 'send-digest', args }], {
        cause: 'cli',
        timeoutMs: TIMEOUT_MS,
        signal: io.signal,
      });
      const deliveries = (await app.store.deliveries.list(1_000)).filter(
        (row) => row.subscription === id && row.slot === slot,
      );
      const failed = jobs.some((job) => job.state === 'failed') || deliveries.some((row) => row.state !== 'sent');
      if (options.json) printJson(io, { slot, jobs: jobs.map(jobView), deliveries });
      else {
        finishJobs(io, jobs.map(jobView), { json: false, enqueued: false, describe: () => id });
        if (deliveries.length > 0)
          io.out(
            table(
              io,
              ['channel', 'to', 'state', 'message', 'why'],
              deliveries.map((row) => [row.channel, row.address, row.state, row.messageId, row.errorMessage]),
            ),
          );
      }
      io.setExitCode(failed ? 1 : 0);
    } finally {
      await app.close();
    }
  });
}

function requireSubscription(app: App, id: string): void {
  const known = app.config.subscriptions.map((subscription) => subscription.id);
  if (!known.includes(id))
    throw new PermanentError('config/unknown-reference', `There is no subscription "${id}".`, {
      hint: `Known: ${known.join(', ') || 'none'}.`,
    });
}
