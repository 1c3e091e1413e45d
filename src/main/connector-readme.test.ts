import { describe, expect, it } from 'vitest';
import { withGeneratedParts } from './connector-readme.ts';
import { registry } from './registry.ts';

const lineOf = (kind: string, key: string): string => {
  const found = registry.connectorKind(kind);
  if (found === undefined) throw new Error(`no kind ${kind}`);
  return withGeneratedParts('', found)
    .split('\n')
    .filter((line) => line.startsWith(`| \`${key}\` |`))
    .join('\n');
};

describe('the options in the README of a connector', () => {
  it('show every form that a word chooses, and with which one a key goes', () => {
    expect(lineOf('push', 'accepts')).toContain('| `measurements` or `costs` or `prometheus` | required |');
    expect(lineOf('push', 'match')).toContain('Only with `accepts` `prometheus`.');
    expect(lineOf('push', 'labels')).toMatch(/`measurements`: .* `prometheus`: /);
  });

  it('call none of several keys required where one of them is enough', () => {
    expect(lineOf('http', 'requests[].body.form')).toContain('| one of `json`, `form`, `xml`, `text` |');
    expect(lineOf('http', 'login.request.path')).toContain('| required |');
  });
});
