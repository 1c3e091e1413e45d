import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { errorCodes } from '#kit';

describe('docs/errors.md', () => {
  it('documents every code once with meaning and remedy, and none that does not exist', async () => {
    const page = await readFile(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `([^`]+)` \| (.+?) \| (.+?) \|$/gm)];
    expect(rows.map((row) => row[1]).sort()).toEqual([...errorCodes].sort());
    for (const [, code, meaning = '', remedy = ''] of rows) {
      expect(meaning.length, `meaning of ${code}`).toBeGreaterThan(20);
      expect(remedy, `remedy of ${code}`).toMatch(/\w/);
    }
  });
});
