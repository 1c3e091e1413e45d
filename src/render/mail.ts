import type { DigestFacts } from '#domain';
import { OutturnError, type RenderedMail } from '#kit';
import { renderChartPng } from './chart.ts';
import { mailTemplate, toneStyle } from './mail-template.ts';
import { template } from './template.ts';
import { renderText } from './text.ts';
import { type DigestView, digestView } from './view.ts';

/** Gmail cuts a mail off beyond that. */
export const MAX_HTML_BYTES = 102 * 1024;
const CHART_CONTENT_ID = 'chart@outturn';

const mjmlOf = template(mailTemplate);

/** A digest as mail: text, HTML below 102 KB, and one chart that the HTML refers to by `cid:`. */
export async function renderMail(facts: DigestFacts, options: { test: boolean }): Promise<RenderedMail> {
  const view = digestView(facts, options);
  const [html, png] = await Promise.all([renderHtml(view), renderChartPng(facts)]);
  const attachments =
    png === null
      ? []
      : [{ filename: 'benefit-and-cost.png', contentType: 'image/png', body: png, contentId: CHART_CONTENT_ID }];
  return { subject: view.subject, text: renderText(view), html, attachments };
}

async function renderHtml(view: DigestView): Promise<string> {
  const mjml = await mjmlOf({
    view,
    subject: view.subject,
    preview: previewOf(view),
    toneStyle,
    chartContentId: CHART_CONTENT_ID,
  });
  const { default: mjml2html } = await import('mjml');
  const { html, errors } = await mjml2html(mjml, {
    validationLevel: 'soft',
    ignoreIncludes: true,
    keepComments: false,
    // No web fonts: a mail must not fetch anything.
    fonts: {},
  });
  if (errors.length > 0)
    throw new OutturnError('internal', `Mail template: ${errors[0]?.formattedMessage ?? 'invalid'}`);
  const small = html.replace(/\n\s*/g, '\n');
  if (Buffer.byteLength(small) > MAX_HTML_BYTES)
    throw new OutturnError('internal', `Mail of ${Buffer.byteLength(small)} bytes is longer than ${MAX_HTML_BYTES}`);
  return small;
}

/** The line that a mailbox shows beside the subject. */
function previewOf({ headline, absentBecause }: DigestView): string {
  if (headline === null) return absentBecause ?? '';
  return headline.figures.map(({ label, value }) => `${label} ${value}`).join(' · ');
}
