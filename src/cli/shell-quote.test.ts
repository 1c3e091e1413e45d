import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { shellQuote } from './shell-quote.ts';

describe('a path in a command to be copied', () => {
  it.each(['/var/lib/outturn', "it's here", 'a "b" $HOME `id` \\', 'two\nlines', "'", '', '*', '~/x', 'größe'])(
    'reads %j back as it was',
    (word) => {
      expect(execFileSync('sh', ['-c', `printf %s ${shellQuote(word)}`]).toString()).toBe(word);
    },
  );
  it('stays as it is where no shell would change it', () => {
    expect(shellQuote('../.outturn/demo-2')).toBe('../.outturn/demo-2');
  });
});
