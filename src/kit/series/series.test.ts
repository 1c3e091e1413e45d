import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { badShapeWith } from '../page-shape.ts';
import { newestSteps, newestValueFindings, oneStepFindings } from './findings.ts';
import { countSeries, keptLabels, labelsKey } from './labels.ts';
import { refuseInconvertible, sourceUnitOption, stepOption, unitOption } from './options.ts';
import { DistinctPoints, DistinctSeries } from './told-apart.ts';
import { sourceUnitHint, streamConversion, unitFindings } from './units.ts';
import { numberOrNull } from './values.ts';
import { fewOf } from './warnings.ts';

const at = (hour: number): number => Date.UTC(2026, 5, 1, hour);
const sample = (hour: number, value: number, labels: Record<string, string> = {}) =>
  ({ labels, unit: 's', atMs: at(hour), durationMs: 3_600_000, value, status: 'final' }) as const;

describe('the labels of a series', () => {
  it('are the wanted ones in the order of their names, however the source orders them', () => {
    const all = [
      ['shop', 'de'],
      ['host', 'a'],
      ['area', 'eu'],
    ] as const;
    expect(labelsKey(keptLabels(all, undefined))).toBe('[["area","eu"],["host","a"],["shop","de"]]');
    expect(keptLabels(all, ['shop', 'area'])).toEqual({ area: 'eu', shop: 'de' });
    expect(keptLabels(all, [])).toEqual({});
  });

  it('may have any name', () => {
    const labels = keptLabels([['__proto__', 'x']], undefined);
    expect(Object.entries(labels)).toEqual([['__proto__', 'x']]);
    expect(countSeries([{ labels }, { labels: {} }, { labels }])).toBe(2);
  });
});

describe('series that look the same', () => {
  it('are refused by both their names, with what mends it', () => {
    const distinct = new DistinctSeries('stream s', (labels) => `Aggregate by ${Object.keys(labels).join(', ')}.`);
    distinct.add({ shop: 'de' }, 'shop=de,host=a');
    distinct.add({ shop: 'fr' }, 'shop=fr,host=a');
    expect(() => distinct.add({ shop: 'de' }, 'shop=de,host=b')).toThrow(
      expect.objectContaining({
        code: 'source/bad-shape',
        message: 'stream s: shop=de,host=a and shop=de,host=b cannot be told apart',
        hint: 'Aggregate by shop.',
      }),
    );
  });

  it('have names of a length that a terminal bears', () => {
    const distinct = new DistinctSeries('stream s', () => '');
    distinct.add({}, 'a'.repeat(100_000));
    expect(() => distinct.add({}, 'b'.repeat(100_000))).toThrow(/^stream s: a{500} and b{500} cannot/);
  });

  it('a point that comes twice is stored once; another series with an equal value is not the same point', () => {
    const points = new DistinctPoints();
    const clash = (earlier: number | null) => badShapeWith('Group by more.')(`${earlier} came before`);
    const isNew = (key: string, atMs: number, series: string, value: number | null): boolean =>
      points.isNew(key, atMs, { series, value }, clash);
    expect(isNew('[]', 0, 'a', 3)).toBe(true);
    expect(isNew('[]', 0, 'a', 3)).toBe(false);
    expect(isNew('[]', 1, 'b', 3)).toBe(true);
    expect(isNew('[["x","1"]]', 0, 'b', 3)).toBe(true);
    expect(() => isNew('[]', 0, 'b', 3)).toThrow('3 came before');
    expect(() => isNew('[]', 0, 'a', 4)).toThrow('3 came before');
  });
});

describe('the unit of a stream', () => {
  it('is what values are converted to', () => {
    expect(streamConversion({ unit: 's', sourceUnit: 'ms' }, 'stream s')(1500)).toBe(1.5);
    expect(streamConversion({ unit: 'failures' }, 'stream s')(3)).toBe(3);
    expect(() => streamConversion({ unit: 's', sourceUnit: 'GiB' }, 'stream s')).toThrow(
      'stream s: GiB cannot be converted to s',
    );
  });

  it('that contradicts the source is an error that says what to write, as YAML reads it', () => {
    expect(unitFindings('us', { unit: 's', sourceUnit: 'ms' }, 'latency')).toEqual([
      {
        level: 'error',
        aspect: 'unit',
        stream: 'latency',
        message: 'The metric is in us, the stream takes its values for ms.',
        hint: 'Write `sourceUnit: us`; the values are then converted to s.',
      },
    ]);
    expect(sourceUnitHint('%', 'ratio')).toContain('`sourceUnit: "%"`');
    expect(sourceUnitHint('GiB', 's', 'Correct unit, or the selector.')).toBe('Correct unit, or the selector.');
  });

  it('contradicts nothing that says none, the same, or a word that nobody knows', () => {
    for (const declared of [null, 'ms', 'widgets'])
      expect(unitFindings(declared, { unit: 's', sourceUnit: 'ms' }, 'latency')).toEqual([]);
  });
});

it('a value is a number, or null where there is none; nothing else is taken for one', () => {
  expect([numberOrNull(null, () => 'x'), numberOrNull(0, () => 'x')]).toEqual([null, 0]);
  for (const odd of ['3', '', true, undefined, Number.NaN])
    expect(() => numberOrNull(odd, () => 'value 2')).toThrow(expect.objectContaining({ code: 'source/bad-number' }));
});

it('a value that is too large once it is converted is refused, not stored as infinity', () => {
  expect(streamConversion({ unit: 'ms', sourceUnit: 's' }, 'stream s')(2)).toBe(2000);
  expect(() => streamConversion({ unit: 'ms', sourceUnit: 's' }, 'stream s')(1e308)).toThrow(
    expect.objectContaining({
      code: 'source/bad-number',
      message: 'stream s: 1e+308 s in ms is larger than any number',
    }),
  );
});

it('of a thousand warnings a few are said, and the others are counted', () => {
  const said = fewOf(Array.from({ length: 1000 }, (_, index) => `${index} ${'x'.repeat(9_000)}`));
  expect([said.length, said.at(-1), said[0]?.length]).toEqual([21, 'and 980 more warnings', 600]);
  expect(fewOf(new Set(['a']))).toEqual(['a']);
});

describe('what check says of a sample', () => {
  const page = (measurements: ReturnType<typeof sample>[], warnings: string[] = []) => ({
    measurements,
    costs: [],
    warnings,
  });
  const nothing = { message: 'The query gives no value.', hint: 'It may be misspelt.' };

  it('the newest steps are whole ones that are over', () => {
    expect(newestSteps(at(10) + 1_800_000, 3_600_000)).toEqual({ fromMs: at(9), toMs: at(10) });
    expect(newestSteps(at(10), 3_600_000, 24)).toEqual({ fromMs: at(-14), toMs: at(10) });
  });

  it('of one step: how many series, and the first of them; then what the parser warns of', () => {
    const told = page([sample(9, 1.5, { shop: 'de' }), sample(9, 2, { shop: 'fr' })], ['left out 1 sample']);
    expect(oneStepFindings(told, 's', at(9), nothing).map(({ level, message }) => [level, message])).toEqual([
      ['ok', '2 series at 2026-06-01T09:00:00.000Z, the first one 1.5 s.'],
      ['warning', 'left out 1 sample'],
    ]);
  });

  it('of several steps: the newest value, in whatever order they came', () => {
    const told = page([sample(9, 2), sample(10, 7), sample(8, 1)]);
    expect(newestValueFindings(told, 's', nothing)[0]?.message).toBe(
      '1 series, the newest value 7 s at 2026-06-01T10:00:00.000Z.',
    );
  });

  it('an answer without a value is a warning that says what may be wrong, and no more', () => {
    const warning = { level: 'warning', aspect: 'sample', stream: 's', ...nothing };
    expect(oneStepFindings(page([], ['no series']), 's', at(9), nothing)).toEqual([warning]);
    expect(newestValueFindings(page([], ['no series']), 's', nothing)).toEqual([warning]);
  });
});

describe('options of a stream', () => {
  const stream = z
    .strictObject({
      step: stepOption('Length.'),
      unit: unitOption('s'),
      sourceUnit: sourceUnitOption('Unit of the values.', 'ms'),
    })
    .superRefine(refuseInconvertible);
  const problems = (written: Record<string, unknown>): string[] =>
    stream
      .safeParse({ step: '1h', unit: 's', ...written })
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

  it('a step is whole seconds, and units can be converted into each other', () => {
    expect(problems({ sourceUnit: 'ms' })).toEqual([]);
    expect(problems({ step: '1500ms' })).toEqual(['step: expected whole seconds, at least 1s']);
    expect(problems({ sourceUnit: 'GiB' })).toEqual([
      expect.stringContaining('sourceUnit: cannot be converted to the unit of the stream; convertible are ns us ms s'),
    ]);
  });
});
