/** What runs in each thread of the renderer: one task at a time. */
import type { DigestFacts } from '#domain';
import {
  answerOf,
  type RenderedMail,
  type RenderedReport,
  type RenderedSlackMessage,
  type ReportFormat,
  type ReportInput,
} from '#kit';
import { preloadChart } from './chart.ts';
import { renderCsv } from './csv.ts';
import { preloadMail, renderMail } from './mail.ts';
import { renderReportHtml } from './report.ts';
import { renderSlack } from './slack.ts';

export interface RenderResults {
  mail: RenderedMail;
  slack: RenderedSlackMessage;
  report: RenderedReport;
  preload: null;
}
export type RenderTask =
  | { kind: 'mail' | 'slack'; facts: DigestFacts; test: boolean }
  | { kind: 'report'; input: ReportInput; format: ReportFormat }
  /** Loads the libraries. */
  | { kind: 'preload' };

async function render(task: RenderTask): Promise<RenderResults[RenderTask['kind']]> {
  switch (task.kind) {
    case 'mail':
      return renderMail(task.facts, { test: task.test });
    case 'slack':
      return renderSlack(task.facts, { test: task.test });
    case 'report':
      return task.format === 'html'
        ? {
            format: 'html',
            contentType: 'text/html; charset=utf-8',
            body: await renderReportHtml(task.input),
          }
        : { format: 'csv', contentType: 'text/csv; charset=utf-8', body: await renderCsv(task.input) };
    case 'preload':
      await Promise.all([preloadChart(), preloadMail()]);
      return null;
  }
}

export default (task: RenderTask) => answerOf(() => render(task));
