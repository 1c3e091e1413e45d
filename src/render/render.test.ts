import fc from 'fast-check';
import { simpleParser } from 'mailparser';
import { describe, expect, it } from 'vitest';
import type { DigestFacts, RoiOutputs } from '#domain';
import {
  digestFacts,
  metricOutput,
  NOW_MS,
  reportOrigin as origin,
  period,
  previousOutputs,
  project,
  roiOutputs,
} from '../../test/factories/digest.ts';
import { renderChartSvg } from './chart.ts';
import { createRenderer } from './index.ts';
import { MAX_HTML_BYTES } from './mail.ts';
import { slackLimits } from './slack.ts';
import { digestView } from './view.ts';

const renderer = createRenderer();
const usual = { test: false };

/** What a reader sees of each channel, as text. */
async function channels(facts: DigestFacts, outputs: RoiOutputs = roiOutputs()): Promise<Record<string, string>> {
  const mail = await renderer.mail(facts, usual);
  const slack = await renderer.slack(facts, usual);
  const report = await renderer.render({ facts, outputs, origin }, 'html');
  return {
    'mail text': mail.text,
    'mail html': readable(mail.html),
    slack: unescaped(JSON.stringify(slack.blocks)),
    report: readable(report.body.toString()),
  };
}

function readable(html: string): string {
  return unescaped(html.replace(/<style[\s\S]*?<\/style>/g, '').replace(/<[^>]+>/g, ' ')).replace(/\s+/g, ' ');
}
function unescaped(text: string): string {
  return text
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&');
}

/** Far more of everything than a message can hold. */
function hugeFacts(text = 'x'.repeat(400)): DigestFacts {
  const metrics = Array.from({ length: 200 }, (_, index) =>
    metricOutput({
      metricId: `m${index}`,
      name: `${index} ${text}`,
      unit: text,
      target: { value: '1', by: '2026-01-01', met: false },
    }),
  );
  const old = metrics.map((metric) => ({ ...metric, periods: [period({ benefit: '1' })] }));
  const facts = digestFacts({
    project: project({ name: text, sponsor: text }),
    snapshot: { id: 's', outputs: roiOutputs({ metrics, basis: text }) },
    previous: { date: '2026-09-07', outputs: { ...previousOutputs(), metrics: old } },
    notice: text,
    why: text,
    links: Array.from({ length: 50 }, () => ({ label: text, url: `https://example.com/${'y'.repeat(300)}` })),
  });
  return { ...facts, headline: facts.headline };
}

describe('all channels say the same', () => {
  it('the headline, its basis, the alerts, the moves and the reason to get it', async () => {
    const facts = digestFacts();
    const view = digestView(facts, usual);
    const headline = view.headline;
    const expected = [
      view.title,
      headline?.roi.value ?? '?',
      headline?.basis ?? '?',
      ...(headline?.figures.map(({ value }) => value) ?? []),
      ...view.alerts.rows,
      ...(view.moved?.rows.flatMap(({ cause, amount }) => [cause, amount]) ?? []),
    ];
    for (const [channel, text] of Object.entries(await channels(facts)))
      for (const part of expected) expect(text, channel).toContain(part);
  });

  it('for any figures', async () => {
    const amount = fc.integer({ min: -1e11, max: 1e11 }).map((cents) => (cents / 100).toFixed(2));
    const ratio = fc.integer({ min: -1000, max: 100_000 }).map((points) => (points / 1000).toFixed(3));
    await fc.assert(
      fc.asyncProperty(
        amount,
        amount,
        amount,
        ratio,
        fc.constantFrom('en-GB', 'en-US', 'de-DE', 'fr-FR'),
        async (npv, benefitToDate, costToDate, roi, locale) => {
          const outputs = roiOutputs({ npv, benefitToDate, costToDate, roi });
          const facts = digestFacts({ snapshot: { id: 's', outputs }, reader: { locale, timeZone: 'UTC' } });
          const { headline } = digestView(facts, usual);
          const figures = [headline?.roi, ...(headline?.figures ?? [])].map((figure) =>
            figure?.value.replace(/\s+/g, ' '),
          );
          for (const [channel, text] of Object.entries(await channels(facts, outputs)))
            for (const figure of figures) expect(text.replace(/\s+/g, ' '), channel).toContain(figure);
        },
      ),
      { seed: 7, numRuns: 12 },
    );
  });

  it('that a headline is withheld, and why; no ROI is shown then', async () => {
    const facts = digestFacts({ nowMs: NOW_MS + 30 * 86_400_000 });
    for (const [channel, text] of Object.entries(await channels(facts))) {
      expect(text.replace(/\s+/g, ' '), channel).toContain('a headline without them would mislead');
      expect(text, channel).not.toContain('42%');
    }
    const csv = await renderer.render({ facts, outputs: roiOutputs(), origin }, 'csv');
    expect(csv.body.toString()).not.toContain('0.4234');
  });

  it('the IRR as what it is, a rate for a year', async () => {
    const outputs = roiOutputs({ irr: { status: 'unique', value: '5.9512', roots: ['5.9512'] } });
    const facts = digestFacts({ snapshot: { id: 's', outputs } });
    for (const [channel, text] of Object.entries(await channels(facts, outputs)))
      expect(text.replace(/\s+/g, ' '), channel).toContain('595% a year');
    const { figures } = digestView(facts, usual).headline ?? { figures: [] };
    expect(figures.find(({ label }) => label === 'IRR')?.value).toBe('595% a year');
  });

  it('why there is no ROI or IRR, in words that are no figure', async () => {
    const irr = { status: 'none', value: null, roots: [] } as const;
    const unknown = roiOutputs({ costToDate: null, roi: null, npv: null, irr: { ...irr, roots: [] } });
    const free = roiOutputs({ costToDate: '0', roi: null, irr: { ...irr, status: 'multiple', roots: ['0.1', '0.4'] } });
    const said = await channels(digestFacts({ snapshot: { id: 's', outputs: unknown } }), unknown);
    for (const [channel, text] of Object.entries(said)) {
      expect(text, channel).toContain('the cost is not known');
      expect(text, channel).toContain('no rate fits');
    }
    for (const text of Object.values(await channels(digestFacts({ snapshot: { id: 's', outputs: free } }), free))) {
      expect(text).toContain('there is no cost to compare with');
      expect(text).toContain('several rates fit');
    }
  });

  it('figures that are compared never look equal when they are not', async () => {
    const close = metricOutput({
      latest: { from: '2026-09-07', to: '2026-09-14', actual: '60.04' },
      target: { value: '60', by: '2026-09-01', met: false },
    });
    const outputs = roiOutputs({ metrics: [close] });
    const { text } = await renderer.mail(digestFacts({ snapshot: { id: 's', outputs } }), usual);
    expect(text).toContain('60.04 failures (target ≤ 60, missed)');
    expect(text).toContain('missed its target: 60.04 failures against 60');
  });

  it('no payback is claimed or denied while the cost is not known', async () => {
    const none = { years: null, date: null, crossesBack: false };
    const said = async (costToDate: string | null) => {
      const outputs = roiOutputs({ costToDate, payback: none });
      return (await renderer.mail(digestFacts({ snapshot: { id: 's', outputs } }), usual)).text;
    };
    expect(await said(null)).toMatch(/Payback +n\/a/);
    expect(await said('100')).toMatch(/Payback +not yet/);
  });

  it('dates and amounts of a reader whose script runs from right to left, whole', async () => {
    const facts = digestFacts({ reader: { locale: 'ar-KW', timeZone: 'Asia/Kuwait' } });
    const { text } = await renderer.mail(facts, usual);
    expect(text.replace(/[\u200e\u200f]/g, '')).toContain('\u2068٣١/٠٨/٢٠٢٦\u2069');
    expect(text).not.toMatch(/٣١ \/٠٨/);
  });

  it('something, even when there is nothing', async () => {
    const facts = digestFacts({ snapshot: null });
    const mail = await renderer.mail(facts, usual);
    expect(mail.text).toContain('Nothing has been computed for this project yet');
    expect(mail.attachments).toEqual([]);
    expect(mail.html).not.toContain('cid:');
    expect((await renderer.slack(facts, usual)).chart).toBeNull();
  });

  it('TEST, when it is one', async () => {
    const mail = await renderer.mail(digestFacts(), { test: true });
    expect(mail.subject).toMatch(/^TEST /);
    expect(mail.text).toMatch(/^\*\*\* TEST/);
    expect(readable(mail.html)).toContain('TEST – this is a test message');
    expect(JSON.stringify((await renderer.slack(digestFacts(), { test: true })).blocks)).toContain('*TEST*');
  });

  it('the same bytes for the same facts', async () => {
    const facts = digestFacts();
    expect(await renderer.mail(facts, usual)).toEqual(await renderer.mail(facts, usual));
    expect(await renderer.slack(facts, usual)).toEqual(await renderer.slack(facts, usual));
    const input = { facts, outputs: roiOutputs(), origin };
    for (const format of ['html', 'csv'] as const)
      expect((await renderer.render(input, format)).body).toEqual((await renderer.render(input, format)).body);
  });
});

describe('names and texts of others are inert', () => {
  const nasty = `<script>alert(1)</script> & <b>"x"</b> {{y}} [[z]] <% 1 %> <mj-include path="/etc/passwd" /> <!channel> <@U1>`;
  const facts = () => ({ ...hugeFacts(nasty), alerts: [nasty], headlineAbsentBecause: nasty, headline: null });

  it.each(['mail', 'report'] as const)('in the HTML of a %s', async (kind) => {
    const html =
      kind === 'mail'
        ? (await renderer.mail(facts(), usual)).html
        : (
            await renderer.render(
              {
                origin,
                facts: facts(),
                outputs: roiOutputs({
                  metrics: [metricOutput({ name: nasty, unit: nasty })],
                  warnings: [{ code: 'value/bad-input', metricId: null, message: nasty }],
                }),
              },
              'html',
            )
          ).body.toString();
    expect(html).not.toContain('<script');
    expect(html).not.toContain('<b>');
    expect(html).not.toContain('<mj-include');
    expect(html).not.toContain('root:');
    expect(html).toContain('&lt;script&gt;');
    expect(readable(html)).toContain('<script>alert(1)</script> & <b>"x"</b> {{y}}');
  });

  it('in Slack: no mention, no link', async () => {
    const { blocks, text } = await renderer.slack(facts(), usual);
    const parsed = blocks.flatMap((block) => [block.text, ...[block.fields ?? [], block.elements ?? []].flat()]);
    for (const element of parsed) {
      if (typeof element !== 'object' || element === null || !('text' in element) || !('type' in element)) continue;
      if (element.type === 'mrkdwn') expect(element).toMatchObject({ verbatim: true });
      if (element.type === 'mrkdwn') expect(String(element.text)).not.toMatch(/<(?!https:\/\/example\.com)/);
    }
    expect(text).not.toContain('<');
  });

  it('as link: only web addresses become one', async () => {
    const links = [
      { label: 'bad', url: 'javascript:alert(1)' },
      { label: 'also bad', url: 'data:text/html,x' },
      { label: 'a|b>', url: 'https://example.com/a|b?c=<d>&e="f"' },
    ];
    const mail = await renderer.mail(digestFacts({ links }), usual);
    expect(mail.html + mail.text).not.toMatch(/javascript:|data:text/);
    const slack = JSON.stringify((await renderer.slack(digestFacts({ links }), usual)).blocks);
    expect(slack).toContain('<https://example.com/a%7Cb?c=%3Cd%3E&amp;e=%22f%22|a/b&gt;>');
  });

  it('as subject: one line', async () => {
    const mail = await renderer.mail(digestFacts({ project: project({ name: 'A\r\nBcc: x@example.com' }) }), usual);
    expect(mail.subject).not.toMatch(/[\r\n]/);
  });
});

describe('limits hold whatever the facts', () => {
  it('a mail stays below what Gmail shows, with at most twenty rows and the number of the others', async () => {
    const { html, text } = await renderer.mail(hugeFacts(), usual);
    expect(Buffer.byteLength(html)).toBeLessThanOrEqual(MAX_HTML_BYTES);
    expect(readable(html)).toContain('and 180 more');
    expect(text).toContain('… and 180 more');
  });

  it.each([
    ['Latin', 'x'.repeat(400)],
    ['what must be escaped', '&<>"'.repeat(100)],
    ['emoji', '📈'.repeat(300)],
    ['CJK', '売上高'.repeat(150)],
  ])('text of %s fits mail and Slack', async (_, text) => {
    const facts = hugeFacts(text);
    const mail = await renderer.mail(facts, usual);
    expect(Buffer.byteLength(mail.html)).toBeLessThanOrEqual(MAX_HTML_BYTES);
    const { blocks } = await renderer.slack(facts, usual);
    expect(blocks.length).toBeLessThan(slackLimits.blocks);
    expect(JSON.stringify(blocks).length).toBeLessThan(slackLimits.message + 500);
    for (const block of blocks) {
      const {
        text: own,
        fields = [],
        elements = [],
      } = block as { text?: { text: string }; fields?: { text: string }[]; elements?: { text: string }[] };
      expect(own?.text.length ?? 0).toBeLessThanOrEqual(
        block.type === 'header' ? slackLimits.header : slackLimits.section,
      );
      expect(fields.length).toBeLessThanOrEqual(slackLimits.fields);
      for (const { text: field } of fields) expect(field.length).toBeLessThanOrEqual(slackLimits.field);
      expect(elements.length).toBeLessThanOrEqual(10);
    }
  });

  it('what Slack has no room for is cut with a note, and the footer stays', async () => {
    const { blocks } = await renderer.slack(hugeFacts(), usual);
    expect(JSON.stringify(blocks)).toContain('the rest is left out here');
    expect(blocks.at(-2)).toEqual({ type: 'divider' });
  });

  it('a line of the text never ends between a figure and what it counts', async () => {
    for (let length = 20; length < 80; length++) {
      const { text } = await renderer.mail(digestFacts({ notice: `${'x'.repeat(length)} 8 % +3 pts` }), usual);
      expect(text).toMatch(/8\s% \+3\spts|8\s%\n\+3\spts/u);
      expect(text).not.toMatch(/8\n%|3\npts/);
    }
  });
  it('no line of the text is wider than a terminal', async () => {
    const { text } = await renderer.mail(digestFacts(), usual);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(76);
  });
});

describe('the mail', () => {
  it('refers to its chart by content id, with words for those who do not see it', async () => {
    const { html, attachments } = await renderer.mail(digestFacts(), usual);
    expect(html).toContain(`src="cid:${attachments[0]?.contentId}"`);
    expect(html).toMatch(/alt="Cumulative benefit and cost to 14 Sep 2026: benefit €[\d,]+, cost €[\d,]+\."/);
    expect(attachments[0]?.body.subarray(1, 4).toString()).toBe('PNG');
    expect(html).not.toMatch(/https?:\/\/(?!outturn\.example\.com|www\.w3\.org)/);
  });

  it('knows the dark', async () => {
    const { html } = await renderer.mail(digestFacts(), usual);
    expect(html).toContain('name="color-scheme" content="light dark"');
    expect(html).toContain('prefers-color-scheme: dark');
  });

  it('tells why one gets it, the time zone, and how to end it', async () => {
    const facts = digestFacts({ unsubscribeUrl: 'https://outturn.example.com/u/1' });
    const mail = await renderer.mail(facts, usual);
    for (const text of [mail.text.replace(/\s+/g, ' '), readable(mail.html)]) {
      expect(text).toContain('You get this because');
      expect(text).toContain('Times are in Europe/Berlin, amounts in EUR.');
      expect(text).toContain('Unsubscribe');
    }
    expect((await simpleParser(`Content-Type: text/html\r\n\r\n${mail.html}`)).html).toContain(
      'href="https://outturn.example.com/u/1"',
    );
  });
});

describe('the chart', () => {
  it('writes in letters that the bundled fonts have, whatever the locale of the reader', async () => {
    const labels = async (locale: string) => {
      const svg = await renderChartSvg(digestFacts({ reader: { locale, timeZone: 'UTC' } }));
      return [...(svg ?? '').matchAll(/<text[^>]*>([^<]*)/g)].map(([, label]) => label).join(' ');
    };
    for (const locale of ['ja-JP', 'zh-CN', 'ko-KR', 'hi-IN', 'th-TH', 'ar-KW', 'he-IL'])
      expect(await labels(locale), locale).toBe(await labels('en-GB'));
    expect(await labels('de-DE')).toContain('222.8');
    expect(await labels('de-DE')).not.toBe(await labels('en-GB'));
  });
  it('has letters: text in the picture comes from the bundled fonts', async () => {
    const svg = await renderChartSvg(digestFacts());
    expect(svg).toContain('Benefit');
    expect(svg).toContain('DejaVu Sans');
  });

  it('is left out when there are no two points to join', async () => {
    const outputs = roiOutputs({ cashFlows: [{ date: '2026-09-01', benefit: '1', cost: '1' }] });
    expect(await renderChartSvg(digestFacts({ snapshot: { id: 's', outputs } }))).toBeNull();
  });
});

describe('the HTML report', () => {
  it('needs nothing from elsewhere and lists every period with its evidence', async () => {
    const metric = metricOutput({
      periods: [
        period(),
        period({ from: '2026-09-07', to: '2026-09-14', status: 'incomplete', received: 140, revision: 2 }),
      ],
    });
    const outputs = roiOutputs({ metrics: [metric] });
    const facts = digestFacts({ snapshot: { id: 's', outputs } });
    const html = (await renderer.render({ facts, outputs, origin }, 'html')).body.toString();
    expect(html).not.toMatch(/<(script|link|img|iframe)\b/);
    expect(html).not.toMatch(/(src|href)="http/);
    const text = readable(html);
    expect(text).toContain('7 – 13 Sep 2026 incomplete 140 / 168 2 71 118 4.5 €212 €152');
    expect(text).toContain('(PV of benefits − PV of costs) / PV of costs.');
  });
});
