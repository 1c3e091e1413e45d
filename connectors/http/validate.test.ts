import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { formatProblem, loadConfig } from '#src/config/index';
import { checkExpression } from '#src/extract/index';
import { temporaryDirectory } from '../../test/harness/temporary.ts';
import { http } from './index.ts';

const measurements = { at: 'day', value: 'hours', unit: 'h', timeZone: 'UTC' };
const stream = (changes: Record<string, unknown> = {}) => ({ requests: [{ path: '/x' }], measurements, ...changes });

/** What `outturn validate` says of a connector, without the places. */
async function problemsOf(connector: Record<string, unknown>, env: Record<string, string> = {}): Promise<string[]> {
  const folder = await temporaryDirectory('http-validate');
  try {
    const written = { kind: 'http', url: 'https://api.example.com', streams: { s: stream() }, ...connector };
    await writeFile(join(folder.path, 'a.yaml'), stringify({ connectors: { c: written } }));
    const { problems } = await loadConfig({
      directory: folder.path,
      env,
      kinds: [http],
      jobKinds: [],
      checkExpression,
    });
    return problems.map((problem) => formatProblem(problem).replace(/^\S+ (?:error )?connectors\.c\./, ''));
  } finally {
    await folder.remove();
  }
}
const streamProblems = async (changes: Record<string, unknown>) =>
  (await problemsOf({ streams: { s: stream(changes) } })).map((problem) => problem.replace(/^streams\.s\./, ''));

describe('what validate says of a stream', () => {
  it('nothing of one request with a mapping', async () => {
    expect(await streamProblems({})).toEqual([]);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      'an expression that breaks off',
      { rows: 'data[' },
      /^rows: the expression cannot be read: Expected "]".*character 6/,
    ],
    ['a mistake in its third line', { rows: 'a.{\n"b": c,\n"d": $sum(e\n}' }, /at line 4, character 2 of it/],
    [
      'a function that nobody has',
      { rows: 'data.{"day": day, "hours": $summ(entries.hours)}' },
      /^rows: the expression cannot be read: there is no function \$summ, at character 28 of it \(did you mean "\$sum"\?\)/,
    ],
    ['a function that is kept away', { rows: '$eval(code)' }, /^rows: .*\$eval is not there: what a source sends/],
    [
      'a name that templates do not know',
      { requests: [{ path: '/{{window.form}}' }] },
      /^requests\[0\]\.path: .*did you mean window.from/,
    ],
    ['an item in the first request', { requests: [{ path: '/{{item.id}}' }] }, /names nothing that there is/],
    [
      'a cursor without paging',
      { requests: [{ path: '/x', query: { c: '{{cursor}}' } }] },
      /query\.c: \{\{cursor\}\} names nothing/,
    ],
    [
      'paging that never reaches the request',
      { requests: [{ path: '/x', paginate: { kind: 'offset' } }] },
      /paginate\.into: is required/,
    ],
    [
      'a body to page in that is not there',
      { requests: [{ path: '/x', paginate: { kind: 'page', into: { body: '/p' } } }] },
      /paginate\.into: the request has no body/,
    ],
    ['a chain without items', { requests: [{ path: '/x' }, { path: '/y' }] }, /^requests\[0\]\.items: is required/],
    [
      'items that nobody uses',
      { requests: [{ path: '/x', items: '/a' }] },
      /^requests\[0\]\.items: has no next request/,
    ],
    ['a host in the path', { requests: [{ path: 'https://elsewhere.example/x' }] }, /is relative to url/],
    [
      'rows and series',
      { rows: '/a', series: { each: '/b', points: 'p' } },
      /series: rows and series exclude each other/,
    ],
    ['a unit that cannot be converted', { sourceUnit: 'bytes' }, /sourceUnit: bytes cannot be converted to h/],
    ['no mapping', { measurements: undefined }, /exactly one of measurements and costs/],
    [
      'a status that is none',
      { requests: [{ path: '/x', rules: [{ status: 'all', then: 'retry' }] }] },
      /rules\[0\]\.status/,
    ],
    [
      'a misspelt key',
      { requests: [{ path: '/x', pagination: {} }] },
      /unknown key "pagination".*did you mean "paginate"/,
    ],
  ])('%s', async (_, changes, says) => {
    expect(await streamProblems(changes)).toEqual([expect.stringMatching(says)]);
  });

  it('a piece of an expression that came from the environment is not shown', async () => {
    const connector = { rules: [{ when: 'a = "${env:PIECE}', then: 'fail' }] };
    const problems = await problemsOf(connector, { PIECE: 'hush hush' });
    expect(problems).toEqual([expect.stringMatching(/^rules\[0\]\.when: the expression cannot be read/)]);
    expect(problems.join()).not.toContain('hush');
  });

  it('a login that names what is not there', async () => {
    const login = { request: { path: '/login', body: { json: { user: '{{user}}' } } }, token: { at: '/t' } };
    expect(await problemsOf({ login })).toEqual([
      expect.stringMatching(/^login\.request\.body\.json\.user: .*username/),
    ]);
  });
});
