import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { formatProblem, loadConfig } from '#src/config/index';
import { connectorKinds } from '#src/main/registry';

/** What `validate` says of one stream of a kind, from its path on. */
async function told(kind: string, stream: Record<string, unknown>, connector: Record<string, unknown> = {}) {
  const written = { kind, ...connector, streams: { s: stream } };
  const { problems } = await loadConfig({
    directory: '/nowhere',
    env: {},
    files: [{ name: 'a.yaml', text: stringify({ settings: { timeZone: 'UTC' }, connectors: { c: written } }) }],
    kinds: connectorKinds,
    jobKinds: [],
  });
  return problems.map((problem) => formatProblem(problem).replace(/^\S+ connectors\.c\.(?:streams\.s\.)?/, ''));
}
const url = 'https://source.example.com';
const database = { host: 'db.example.com', database: 'erp', user: 'reader' };
const measurements = { at: 'day', value: 'hours', unit: 'h', timeZone: 'UTC' };

describe('a value of the wrong form does not hide what else is wrong with the stream', () => {
  it('http: a kind of paging that is none, and a template that names nothing', async () => {
    const lines = await told(
      'http',
      {
        requests: [{ path: '/x?from={{windw.from}}', paginate: { kind: 'ofset', into: { query: 'skip' } } }],
        measurements,
      },
      { url },
    );
    expect(lines).toEqual([
      expect.stringMatching(/^requests\[0\]\.path: .*did you mean window\.from/),
      expect.stringMatching(/^requests\[0\]\.paginate\.kind: /),
    ]);
  });

  it('sql: an unknown key, and a query that deletes', async () => {
    const lines = await told('sql', { query: 'DELETE FROM hours', measurments: {}, measurements }, database);
    expect(lines).toEqual([
      expect.stringMatching(/^query: .*DELETE/),
      expect.stringMatching(/^measurments: unknown key "measurments".*did you mean "measurements"/),
    ]);
  });

  it('prometheus: a duration that is none, and units that cannot be converted', async () => {
    const lines = await told(
      'prometheus',
      { query: 'up', step: '5 parsecs', sample: 'instant', unit: 'GiB', sourceUnit: 'ms' },
      { url },
    );
    expect(lines).toEqual([
      expect.stringMatching(/^step: expected a duration/),
      expect.stringMatching(/^sourceUnit: cannot be converted/),
    ]);
  });
});

describe('nothing is said that follows from the wrong value alone', () => {
  it.each<[string, string, Record<string, unknown>, Record<string, unknown>, RegExp[]]>([
    [
      'the cursor of a paging that is misspelt',
      'http',
      {
        requests: [{ path: '/x', query: { c: '{{cursor}}' }, paginate: { kind: 'crsor', at: '/next' } }],
        measurements,
      },
      { url },
      [/^requests\[0\]\.paginate\.kind/],
    ],
    [
      'the conversion to a unit that is missing',
      'prometheus',
      { query: 'up', step: '1h', sample: 'instant', sourceUnit: 'ms' },
      { url },
      [/^unit: is required/],
    ],
    [
      'the cursor of a query that is missing',
      'sql',
      { cursor: 'day', measurements },
      database,
      [/^query: is required/],
    ],
    [
      'the columns of a mapping that is none',
      'netsuite',
      { from: 't', columns: { id: 't.id' }, keys: ['id'], measurements: 'hours' },
      { accountId: '1234567' },
      [/^auth: /, /^timeZone: /, /^measurements: expected a mapping/],
    ],
  ])('%s', async (_, kind, stream, connector, expected) => {
    const lines = await told(kind, stream, connector);
    expect(lines).toEqual(expected.map((each) => expect.stringMatching(each)));
  });
});

describe('a thousand streams with hidden mistakes', () => {
  it('are told what is found in the time that there is, each once', async () => {
    const stream = { query: 'up', step: '5 parsecs', sample: 'instant', unit: 'GiB', sourceUnit: 'ms' };
    const streams = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`s${index}`, stream]));
    const { problems } = await loadConfig({
      directory: '/nowhere',
      env: {},
      files: [
        {
          name: 'a.yaml',
          text: stringify({ settings: { timeZone: 'UTC' }, connectors: { c: { kind: 'prometheus', url, streams } } }),
        },
      ],
      kinds: connectorKinds,
      jobKinds: [],
    });
    const lines = problems.map(formatProblem);
    expect(new Set(lines).size).toBe(lines.length);
    expect(lines.filter((line) => line.includes('expected a duration')).length).toBeGreaterThanOrEqual(500);
  });
});
