import { describe, expect, it } from 'vitest';
import { fitsLabel, readPerfdata } from './perfdata.ts';

describe('performance data', () => {
  it.each([
    ['time=0.085s;1;2;0;', 'time', '0.085', 's'],
    ["'failed checkouts'=3c;;;0;", 'failed checkouts', '3', null],
    ["'it''s'=5ms;;;;", "it's", '5', 'ms'],
    ["'a=b'=7B;10:20;@5:6;0;", 'a=b', '7', 'B'],
    ['big=1.5e3s', 'big', '1.5e3', 's'],
    ['neg=-3;~:5;;', 'neg', '-3', null],
    ['/=33679212544B;216442024755;243497277849;0;270552530944', '/', '33679212544', 'B'],
    ['uptime=12m', 'uptime', '12', 'min'],
    ['u=U;;;;', 'u', 'U', null],
    ['energy=5e', 'energy', '5', 'e'],
    ['comma=0,5s', 'comma', '0,5', 's'],
    ['empty=;1;2', 'empty', '', null],
  ])('%s', (written, label, value, unit) => {
    expect(readPerfdata(written)).toEqual({ label, value, unit });
  });

  it('of checks of Icinga itself are objects, with words for units', () => {
    const value = { type: 'PerfdataValue', label: 'uptime', value: 37.5, unit: 'seconds', counter: false };
    expect(readPerfdata(value)).toEqual({ label: 'uptime', value: '37.5', unit: 's' });
  });

  it.each(['=4', 'no equals sign', '', null, 7, { label: 'x' }, { label: 'x', value: '7' }])(
    '%o is none',
    (written) => {
      expect(readPerfdata(written)).toBeNull();
    },
  );
});

describe('labels by patterns', () => {
  it.each([
    ['/var', '/*', true],
    ['/', '/*', true],
    ['eth0_in', '*_in', true],
    ['eth0_in_errors', 'eth*_in', false],
    ['rx_1_bytes_total', 'rx_*_bytes_*', true],
    ['rx_bytes', 'rx_*_bytes', false],
    ['a', 'a*a', false],
    ['time', 'Time', false],
    ['a.b', 'a*b', true],
  ])('%s fits %s: %s', (label, pattern, fits) => {
    expect(fitsLabel(label, [pattern])).toBe(fits);
  });
});
