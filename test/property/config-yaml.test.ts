import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { formatProblem, loadConfig } from '#src/config/index';
import { connectorKinds, jobKinds } from '#src/main/registry';
import { runs } from './runs.ts';

const SEED = 20_261_123;
const SECRET = 'hunter2-very-secret';
/** Of the thread that reads, so that what else the machine does is not counted. */
const MAX_CPU_MS = 1_000;
const MOST_BYTES = 64 * 1024;

let samples: string[] = [];
beforeAll(async () => {
  const root = fileURLToPath(new URL('../../connectors/', import.meta.url));
  const kinds = (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  samples = await Promise.all(
    kinds.map(({ name }) => readFile(path.join(root, name, 'sample.yaml'), 'utf8').catch(() => '')),
  );
  samples = samples.filter((text) => text !== '');
});

/** Reads one document and holds it to what every document is held to. */
async function read(given: string, mostBytes = MOST_BYTES): Promise<void> {
  const text = given.slice(0, mostBytes);
  const before = process.threadCpuUsage();
  const { config, problems } = await loadConfig({
    directory: '/nowhere',
    files: [{ name: 'outturn.yaml', text }],
    env: { TOKEN: SECRET },
    kinds: connectorKinds,
    jobKinds: jobKinds.map((job) => job.kind),
  });
  const { user, system } = process.threadCpuUsage(before);
  expect((user + system) / 1000, 'milliseconds of CPU').toBeLessThan(MAX_CPU_MS);
  // No settings are settings, too: so an empty document is right.
  if (problems.some(({ severity }) => severity === 'error')) expect(config).toBeNull();
  const lines = text.split(/\r\n|[\r\n]/).length;
  for (const problem of problems) {
    expect(problem.file).toBe('outturn.yaml');
    expect(problem.line).toBeGreaterThanOrEqual(0);
    expect(problem.line).toBeLessThanOrEqual(lines);
    expect(problem.column).toBeLessThanOrEqual(text.length + 1);
    const shown = formatProblem(problem);
    expect(shown).not.toContain(SECRET);
    expect(shown).not.toMatch(/[\r\n]/);
  }
  expect(problems.length).toBeLessThanOrEqual(text.length + 20);
  expect(Object.keys(Object.prototype)).toEqual([]);
}

const holds = (numRuns: number) => ({ numRuns, seed: SEED, endOnFailure: true });

const HOSTILE = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '<<',
  '&a',
  '*a',
  '*',
  '&',
  '!',
  '!!js/function x',
  '!!set',
  '|',
  '>',
  '>-',
  '---',
  '...',
  '%YAML 9.9',
  '? ',
  ': ',
  '- ',
  '[',
  ']',
  '{',
  '}',
  '"',
  "'",
  '#',
  '@',
  '`',
  '\t',
  '\n',
  '\r\n',
  '\u0000',
  '\ufeff',
  '\u2028',
  '\ud800',
  '${',
  '${env:',
  '${env:TOKEN}',
  '${secret:A}',
  '${secret:',
  '${file:/dev/zero}',
  '${file:../../etc/passwd}',
  '$${',
  '}',
  'null',
  '~',
  '.nan',
  '.inf',
  '-.inf',
  '1e999',
  '-1e999',
  '0x7fffffffffffffff',
  '0o777',
  '1_000',
  '9'.repeat(400),
  `0.${'0'.repeat(400)}1`,
  '2026-02-30',
  '9999999h',
  'P9999999999Y',
  'yes',
  'true',
  '💥',
  'a'.repeat(5_000),
];
const hostile = fc.constantFrom(...HOSTILE);

describe('whatever stands in a YAML file, it is read or refused with places, within a second', () => {
  it('random bytes', async () => {
    const bytes = fc.uint8Array({ maxLength: 4_000 });
    await fc.assert(
      fc.asyncProperty(bytes, fc.constantFrom('utf8', 'latin1'), (given, encoding) =>
        read(Buffer.from(given).toString(encoding)),
      ),
      holds(runs(100, 20_000)),
    );
  });

  it('pieces of YAML in any order', async () => {
    const key = fc.constantFrom(
      'settings: ',
      'connectors: ',
      'fx: ',
      'projects: ',
      '  a: ',
      '    b: ',
      'kind: ',
      'x: ',
      '\n',
      ', ',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(key, hostile), { maxLength: 120 }), (parts) => read(parts.join(''))),
      holds(runs(150, 30_000)),
    );
  });

  it('nesting of every sort', async () => {
    const opening = fc.constantFrom(
      '[',
      '{a: ',
      '{"a": ',
      '- ',
      '? ',
      '[{a: ',
      '&a [',
      '!a [',
      '"',
      '- - ',
      '{[',
      ': ',
    );
    await fc.assert(
      fc.asyncProperty(opening, fc.nat(20_000), fc.boolean(), (piece, count, closes) => {
        const end = closes
          ? [...piece]
              .reverse()
              .map((each) => ({ '[': ']', '{': '}' })[each] ?? '')
              .join('')
          : '';
        const times = Math.min(count, Math.floor(MOST_BYTES / (piece.length + end.length) / 1.1));
        return read(`fx: ${piece.repeat(times)}x${end.repeat(times)}`);
      }),
      holds(runs(25, 2_000)),
    );
    for (const count of [10, 41, 300])
      await read(Array.from({ length: count }, (_, depth) => `${' '.repeat(depth)}a${depth}:`).join('\n'));
  });

  it('aliases that multiply, refer to themselves or to nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: -1, max: 1 }),
        (levels, fan, offset) =>
          read(
            Array.from({ length: levels }, (_, level) => {
              const inner = level === 0 ? 'x' : `*a${level - 1 + (level === levels - 1 ? offset : 0)}`;
              return `a${level}: &a${level} [${Array(fan).fill(inner).join(', ')}]`;
            }).join('\n'),
          ),
      ),
      holds(runs(40, 3_000)),
    );
  });

  it('samples of all connectors, spoilt', async () => {
    expect(samples.length).toBeGreaterThan(3);
    const edit = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.nat(20),
      insert: fc.oneof(hostile, fc.string({ maxLength: 4 }), fc.constant('')),
      /** Instead of it: the line there is doubled, indented or its value replaced. */
      line: fc.constantFrom('none', 'twice', 'deeper', 'value'),
    });
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(edit, { minLength: 1, maxLength: 5 }), (which, edits) => {
        let yaml = samples[which % samples.length] ?? '';
        for (const { at, cut, insert, line } of edits) {
          const place = Math.floor(at * yaml.length);
          if (line === 'none') {
            yaml = yaml.slice(0, place) + insert + yaml.slice(place + cut);
            continue;
          }
          const lines = yaml.split('\n');
          const index = Math.floor(at * lines.length);
          const here = lines[index] ?? '';
          const spoilt = {
            twice: [here, here],
            deeper: [`  ${here}`],
            value: [here.replace(/:.*$/, () => `: ${insert}`)],
          }[line];
          lines.splice(index, 1, ...spoilt);
          yaml = lines.join('\n');
        }
        return read(yaml);
      }),
      holds(runs(200, 40_000)),
    );
  });

  it('samples of all connectors with every value replaced by one hostile word', async () => {
    for (const word of runs(0, 1) === 1 ? HOSTILE : HOSTILE.filter((_, index) => index % 6 === 0))
      for (const sample of samples) await read(sample.replace(/(?<=^\s*[\w-]+: )\S.*$/gm, () => word));
  });

  it.each([
    ['wrong escapes', `fx: "${'\\q'.repeat(520_000)}"`],
    ['closing brackets', ']'.repeat(199_000)],
    ['quotes', '"'.repeat(395_000)],
    ['commas', `fx: [${','.repeat(199_000)}]`],
    ['anchors', '&a\n'.repeat(99_000)],
    ['brackets in brackets', `fx: [${`${'['.repeat(1_900)}${']'.repeat(1_900)},`.repeat(50)}]`],
    ['large references', `fx: "${'${env:TOKEN:-}'.repeat(70_000)}"`],
  ])('as much as one file may hold, all %s', (_, text) => read(text, 1024 * 1024));

  it('more references, problems or secrets than a call takes arguments', async () => {
    await read(`fx: "${'${env:TOKEN}'.repeat(5_000)}"`);
    await read(`fx: "${'${secret:A}'.repeat(5_000)}"`);
    await read(Array.from({ length: 6_000 }, (_, index) => `k${index}: 1`).join('\n'));
    await read(
      `connectors:\n${Array.from({ length: 900 }, (_, index) => `  c${index}: { kind: prometheus, auth: { kind: bearer, token: t0ken${index} } }`).join('\n')}`,
    );
  });
});
