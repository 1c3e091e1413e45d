import { afterAll, describe, expect, it } from 'vitest';
import { NOW_MS } from '../../test/factories/digest.ts';
import {
  members,
  portfolioDigestFacts,
  portfolioOutputs,
  portfolioProject,
} from '../../test/factories/portfolio-digest.ts';
import { createRenderer } from './index.ts';
import { MAX_HTML_BYTES } from './mail.ts';

const renderer = createRenderer();
afterAll(() => renderer.close());

const readable = (html: string): string =>
  html
    .replace(/<style[\s\S]*?<\/style>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/\s+/g, ' ');
async function channels(facts = portfolioDigestFacts()): Promise<Record<string, string>> {
  const mail = await renderer.mail(facts, { test: false });
  const slack = await renderer.slack(facts, { test: false });
  return {
    'mail text': mail.text.replace(/\s+/g, ' '),
    'mail html': readable(mail.html),
    slack: JSON.stringify(slack.blocks).replaceAll('\\n', ' '),
  };
}

describe('the digest of a portfolio', () => {
  it('says the same in every channel: headline, projects, claims, who is left out, what moved', async () => {
    for (const [channel, text] of Object.entries(await channels()))
      for (const said of [
        '43%',
        '€64,000',
        '2 of 3 projects',
        'Checkout rewrite',
        'benefit €180,000, cost €90,000 to date',
        '€45,700 claimed by others too',
        '−€21,000',
        '−35%',
        'not counted: its cost to date is not known',
        'checkout-orders is claimed 130%',
        '+€15,000',
        'for the portfolio Shop',
      ])
        expect(text, `${channel}: ${said}`).toContain(said);
  });

  it('has a table of projects in place of metrics, and no cost that the headline has', async () => {
    const { html, text } = await renderer.mail(portfolioDigestFacts(), { test: false });
    expect(text).toContain('PROJECTS\n--------\n');
    expect(text).not.toMatch(/^(METRICS|COST)$/m);
    expect(html).toContain('claims settled');
    expect(readable(html)).not.toMatch(/ Metrics | Actual \/ target /);
    expect(text.split('\n').every((line) => line.length <= 76)).toBe(true);
  });

  it('that is withheld says why and names the stale projects; the cost stays', async () => {
    const stale = portfolioDigestFacts({ nowMs: NOW_MS + 30 * 86_400_000 });
    for (const [channel, text] of Object.entries(await channels(stale))) {
      expect(text, channel).toContain('Fresh data are missing for');
      expect(text, channel).toContain('€150,000');
      expect(text, channel).toContain('stale');
    }
  });

  it('without a project is whole', async () => {
    const none = portfolioDigestFacts({ outputs: portfolioOutputs({ projects: [], counted: 0, of: 0 }), members: [] });
    for (const text of Object.values(await channels(none)))
      expect(text).toContain('No project belongs to this portfolio');
  });

  it('shows a restatement in the currency of its project', async () => {
    const abroad = members().map(({ project, outputs, before }) => ({
      project,
      outputs: { ...outputs, currency: 'USD' },
      before: before === null ? null : { ...before, currency: 'USD' },
    }));
    const facts = portfolioDigestFacts({ members: abroad });
    expect(facts.restatements.length).toBeGreaterThan(0);
    for (const text of Object.values(await channels(facts))) expect(text).toMatch(/US\$\d+ → US\$\d+/);
  });

  it('of very many projects with names of any kind stays a mail, and one row each', async () => {
    const projects = Array.from({ length: 150 }, (_, index) =>
      portfolioProject({ projectId: `p${index}`, name: `<b>${index}</b> & ${'ä'.repeat(300)}` }),
    );
    const facts = portfolioDigestFacts({ outputs: portfolioOutputs({ projects }), members: [] });
    const { html, text } = await renderer.mail(facts, { test: false });
    expect(Buffer.byteLength(html)).toBeLessThan(MAX_HTML_BYTES);
    expect(html).not.toContain('<b>0');
    expect(text).toContain('and 130 more');
    const { blocks } = await renderer.slack(facts, { test: false });
    expect(blocks.length).toBeLessThanOrEqual(50);
  });
});
