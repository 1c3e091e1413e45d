import type { DigestFacts } from '#domain';
import { composeDigest, PermanentError, type RenderedMail, type RenderedSlackMessage } from '#kit';
import type { App } from './app.ts';

/** What a subscription's readers would get now: composed and rendered as for sending, nothing stored. */
export async function previewDigest(
  app: App,
  subscriptionId: string,
): Promise<{ facts: DigestFacts; mail: RenderedMail; html: string; slack: RenderedSlackMessage }> {
  const subscription = app.config.subscriptions.find((each) => each.id === subscriptionId);
  if (subscription === undefined)
    throw new PermanentError('not-found', `There is no subscription "${subscriptionId}".`);
  const { facts } = await composeDigest(app.ports, subscription, { notice: null });
  const mail = await app.renderer.mail(facts, { test: true });
  const slack = await app.renderer.slack(facts, { test: true });
  return { facts, mail, html: inlineImages(mail), slack };
}

/** A browser knows no `cid:`; in a preview the images stand in the page itself. */
function inlineImages(mail: RenderedMail): string {
  return mail.attachments.reduce(
    (html, { contentId, contentType, body }) =>
      html.replaceAll(`cid:${contentId}`, `data:${contentType};base64,${body.toString('base64')}`),
    mail.html,
  );
}
