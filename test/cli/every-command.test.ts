import { describe, expect, it } from 'vitest';
import { outturn, outturnProcess } from '../harness/cli.ts';

const groups: Record<string, string[]> = {
  digest: ['preview', 'send'],
  jobs: ['dead', 'cancel', 'replay', 'discard'],
  queue: ['status', 'pause', 'resume', 'rebuild', 'drain'],
  deliveries: ['settle'],
  fx: ['coverage'],
};
/** Those without the options of every command. */
const withoutLogLevel = new Set(['finance', 'schema', 'digest', 'queue']);

/** What `outturn --help` lists, with the commands below `digest`. */
async function everyCommand(): Promise<string[][]> {
  const { stdout } = await outturn(['--help']);
  const section = stdout.slice(stdout.indexOf('Commands:'), stdout.indexOf('Examples:'));
  const names = [...section.matchAll(/^ {2}([a-z]+)/gm)]
    .map(([, name]) => name ?? '')
    .filter((name) => name !== 'help');
  return names.flatMap((name) => [[name], ...(groups[name] ?? []).map((child) => [name, child])]);
}

/** Few at once: each is a process. */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += 4) results.push(...(await Promise.all(items.slice(at, at + 4).map(work))));
  return results;
}

describe('every command', () => {
  it('is listed, and has examples in its help', async () => {
    const commands = await everyCommand();
    expect(commands.map((words) => words.join(' '))).toEqual(
      expect.arrayContaining(
        'up api worker scheduler migrate validate check pull recompute roi jobs finance doctor demo schema'.split(' '),
      ),
    );
    await inTurns([[], ...commands], async (words) => {
      const { stdout, stderr, status } = await outturn([...words, '--help']);
      expect(stdout, words.join(' ')).toMatch(/Examples:\n( {2}\$ .*outturn .+\n?)+/);
      expect(stdout.split('\n').filter((line) => !line.startsWith('  $') && line.length > 80)).toEqual([]);
      expect([stderr, status]).toEqual(['', 0]);
    });
  });

  it('answers a wrong command line with one document and status 2 when it has --json', async () => {
    const lines = (await everyCommand()).map((words) =>
      withoutLogLevel.has(words[0] ?? '') ? [...words, '--jsn', '--json'] : [...words, '--log-level', 'loud', '--json'],
    );
    await inTurns([['--json'], ['pul', '--json'], ['digest', '--json'], ...lines], async (line) => {
      const result = await outturn(line);
      const { error } = result.json<{ error: { code: string; message: string } }>();
      expect(error.code, line.join(' ')).toBe('usage');
      expect(error.message).not.toBe('');
      expect(result.status).toBe(2);
    });
  });

  it('without any, the help is shown and the status says that a command is missing', async () => {
    const { stdout, stderr, status } = await outturnProcess([]);
    expect(stderr).toContain('Usage: outturn');
    expect([stdout, status]).toEqual(['', 2]);
  });

  it('takes no log level or format from the environment that there is not', async () => {
    const results = await Promise.all([
      outturn(['validate', '--json'], { env: { OUTTURN_LOG_LEVEL: 'dbug' } }),
      outturn(['validate', '--json'], { env: { OUTTURN_LOG_FORMAT: 'xml' } }),
    ]);
    const errors = results.map((result) => result.json<{ error: { message: string; hint: string | null } }>().error);
    expect(errors[0]?.hint).toContain('debug');
    expect(errors[1]?.message).toContain('pretty, json');
    expect(results.map((result) => result.status)).toEqual([2, 2]);
  });

  it('finance answers wrong input with one document', async () => {
    const results = await Promise.all([
      outturn(['finance', '--json'], { input: '' }),
      outturn(['finance', '--json'], { input: '{' }),
      outturn(['finance', '--json'], { input: '{"cases":[{"id":"a","rate":"x"}]}' }),
      outturn(['schema', '--json']),
    ]);
    for (const result of results) expect(result.json()).toBeTypeOf('object');
    expect(results.map((result) => result.status)).toEqual([1, 1, 1, 0]);
    for (const result of results.slice(0, 3))
      expect(result.json<{ error: { code: string } }>().error.code).toBe('value/bad-input');
    // Status 2 is for the command line alone.
    expect((await outturn(['finance', '--jsno'], { input: '{"cases":[]}' })).status).toBe(2);
  });
});
