/** Digest facts as mail, Slack message, HTML and CSV report: pure functions of the facts, libraries loaded on first use. */
import type { MessageRenderer, ReportRenderer } from '#kit';
import { preloadChart } from './chart.ts';
import { renderCsv } from './csv.ts';
import { preloadMail, renderMail } from './mail.ts';
import { renderReportHtml } from './report.ts';
import { renderSlack } from './slack.ts';

export { MAX_HTML_BYTES } from './mail.ts';
export { slackLimits } from './slack.ts';

export function createRenderer(): MessageRenderer & ReportRenderer & { close(): Promise<void> } {
  return {
    mail: renderMail,
    slack: renderSlack,
    async render(input, format) {
      return format === 'html'
        ? { format, contentType: 'text/html; charset=utf-8', body: await renderReportHtml(input) }
        : { format, contentType: 'text/csv; charset=utf-8', body: await renderCsv(input) };
    },
    close: async () => undefined,
  };
}

/** Loads the libraries ahead of the first message, while there is time: otherwise that one waits for them. */
export async function preloadRenderer(): Promise<void> {
  await Promise.all([preloadChart(), preloadMail()]);
}
