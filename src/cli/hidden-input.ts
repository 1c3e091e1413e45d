import type { ReadStream } from 'node:tty';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const ERASE = new Set(['\u007f', '\b']);
const CTRL_U = '\u0015';

/**
 * Reads one line from a terminal without showing it. A paste of several lines ends at the first, as it would elsewhere: what
 * has several lines comes through a pipe. Null: whoever typed has left by Ctrl-C or Ctrl-D.
 */
export function readHidden(input: ReadStream, show: (text: string) => void, question: string): Promise<string | null> {
  return new Promise((resolve) => {
    let typed = '';
    const wasRaw = input.isRaw;
    const end = (answer: string | null): void => {
      input.off('data', take);
      input.setRawMode(wasRaw);
      input.pause();
      show('\n');
      resolve(answer);
    };
    const take = (chunk: string): void => {
      for (const character of chunk) {
        if (character === '\r' || character === '\n') return end(typed);
        if (character === CTRL_C || (character === CTRL_D && typed === '')) return end(null);
        if (ERASE.has(character)) typed = [...typed].slice(0, -1).join('');
        else if (character === CTRL_U) typed = '';
        else if (character >= ' ' || character === '\t') typed += character;
      }
    };
    show(question);
    input.setEncoding('utf8').setRawMode(true).on('data', take).resume();
  });
}
