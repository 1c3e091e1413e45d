import { describe, expect, it } from 'vitest';
import { locateJson } from './json-lines.ts';

const text = `{ "about": "a \\"quoted\\" [text]: {with, signs}",
  "cases": [
    { "id": "a",
      "flows": [1, -2.5e3,
        3] },
    { "id": "b", "id": "c",
      "none": [], "nothing": {} }
  ] }`;

describe('places in a JSON text', () => {
  it('are found by path, those of what is missing by the object that should have it', () => {
    const { lineOf } = locateJson(text);
    expect(lineOf('cases[0].flows[1]')).toBe(4);
    expect(lineOf('cases[0].flows[2]')).toBe(5);
    expect(lineOf('cases[1].nothing')).toBe(7);
    expect(lineOf('cases[1].rate')).toBe(6);
    expect(lineOf('cases[9].rate')).toBe(2);
    expect(lineOf('')).toBe(1);
    expect(lineOf('a]b[c')).toBe(1);
  });
  it('keys that are there twice are named with the line of the second', () => {
    expect(locateJson(text).duplicates).toEqual([{ path: 'cases[1].id', key: 'id', line: 6 }]);
  });
  it('texts that are nested too deep, or are a bare value, do no harm', () => {
    expect(locateJson('7').lineOf('x')).toBe(1);
    expect(locateJson(`${'['.repeat(100_000)}${']'.repeat(100_000)}`).lineOf('[0][0]')).toBe(1);
  });
});
