import type { Command } from 'commander';
import { OutturnError, type SecretAdmin, type SecretUse, type SecretView } from '#kit';
import { type CommonOptions, environmentOf, withCommon, withExamples } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { person } from '../person.ts';
import { table } from '../table.ts';

const NAME = 'as `${secret:NAME}` has it: letters, digits, "_", "." and "-"';

/** `outturn secret …`: the values behind `${secret:NAME}`, written and never shown. */
export function secret(program: Command, io: Io): void {
  const group = withExamples(
    program.command('secret').description('secrets of the configuration, encrypted in the database'),
    [
      'secret generate-key',
      'secret set SAP_PASSWORD',
      '$ vault read -field=password sap | outturn secret set SAP_PASSWORD',
      'secret list',
      'secret rotate',
    ],
  );
  set(group, io);
  list(group, io);
  remove(group, io);
  rotate(group, io);
  generateKey(group, io);
}

/** The secrets of the database; what is wrong elsewhere in the configuration does not matter here. */
async function withSecrets(
  io: Io,
  options: CommonOptions,
  work: (admin: SecretAdmin) => Promise<void>,
  { reads = false }: { reads?: boolean } = {},
): Promise<void> {
  const { openSecretAdmin } = await import('#src/main/open-secret-admin');
  const opened = await openSecretAdmin(environmentOf(io, options), { reads });
  try {
    await work(opened.admin);
  } finally {
    await opened.close();
  }
}

function set(group: Command, io: Io): void {
  withCommon(
    group
      .command('set')
      .argument('<name>', NAME)
      .description('store a value, read from standard input or typed unseen; never an argument'),
    ['secret set SAP_PASSWORD', '$ outturn secret set SAP_PASSWORD < password.txt'],
  ).action((name: string, options: CommonOptions) =>
    withSecrets(io, options, async (admin) => {
      const value = await readValue(io, name);
      const done = await admin.set(name, value, person());
      if (options.json) return printJson(io, { name, done });
      io.out(`${name} is ${done === 'created' ? 'set' : 'set anew'}; pulls use it from the next one on`);
      if ([...value].length < 4)
        io.err(
          io.color.yellow(
            'It has fewer than 4 characters: that is too short to be masked where it turns up in a text.',
          ),
        );
    }),
  );
}

async function readValue(io: Io, name: string): Promise<string> {
  if (io.askHidden === null) return (await io.readInput()).replace(/\r?\n$/, '');
  const value = await io.askHidden(`Value of ${name} (it is not shown): `);
  if (value === null) throw new OutturnError('usage', 'Nothing was set.');
  return value;
}

function list(group: Command, io: Io): void {
  withCommon(
    group
      .command('list')
      .description('which secrets there are, since when, by whom, and what uses them; never a value'),
    ['secret list', 'secret list --json'],
  ).action((options: CommonOptions) =>
    withSecrets(
      io,
      options,
      async (admin) => {
        const all = await admin.list();
        if (options.json)
          return printJson(
            io,
            all.map(({ setAtMs, ...view }) => ({
              ...view,
              setAt: setAtMs === null ? null : new Date(setAtMs).toISOString(),
            })),
          );
        if (all.length === 0)
          return io.out(
            'No secret is set, and the configuration names none. `outturn secret set NAME` sets one; write ${secret:NAME} where it belongs.',
          );
        io.out(secretTable(io, all));
        const lost = all.filter(({ state }) => state === 'unreadable');
        const missing = all.filter(({ state }) => state === 'missing');
        if (lost.length > 0) io.out('');
        for (const { problem } of lost) io.out(`${io.color.red('✗')} ${problem}`);
        if (missing.length > 0)
          io.out(`\n→ not set yet: ${missing.map(({ name }) => `\`outturn secret set ${name}\``).join(', ')}`);
      },
      { reads: true },
    ),
  );
}

function secretTable(io: Io, all: readonly SecretView[]): string {
  const words = {
    readable: io.color.green('set'),
    unreadable: io.color.red('unreadable'),
    missing: io.color.yellow('missing'),
  };
  return table(
    io,
    [
      { head: 'secret' },
      { head: 'state' },
      { head: 'set' },
      { head: 'by', optional: 1 },
      { head: 'key', optional: 2 },
      { head: 'used by', wraps: true },
    ],
    all.map((one) => [
      one.name,
      words[one.state],
      one.setAtMs === null ? null : `${new Date(one.setAtMs).toISOString().slice(0, 16)}Z`,
      one.setBy,
      one.keyId,
      users(one.usedBy),
    ]),
  );
}

/** Connectors by id, what else there is by its path; each once. */
function users(uses: readonly SecretUse[]): string | null {
  const names = [...new Set(uses.map(({ connector, path }) => connector ?? path))];
  return names.length === 0 ? null : names.join(', ');
}

function remove(group: Command, io: Io): void {
  withCommon(
    group
      .command('remove')
      .argument('<name>', NAME)
      .description('forget a secret; refused while the configuration names it')
      .option('--force', 'also when it is in use: what uses it stops'),
    ['secret remove SAP_PASSWORD'],
  ).action((name: string, options: CommonOptions & { force?: boolean }) =>
    withSecrets(
      io,
      options,
      async (admin) => {
        await admin.remove(name, { force: options.force === true });
        if (options.json) return printJson(io, { name, done: 'removed' });
        io.out(`${name} is removed`);
      },
      { reads: true },
    ),
  );
}

function rotate(group: Command, io: Io): void {
  withCommon(
    group
      .command('rotate')
      .description(
        'encrypt every secret by the first key of OUTTURN_KEY or OUTTURN_KEY_FILE; the others may go afterwards',
      ),
    ['secret rotate', '$ OUTTURN_KEY="$NEW_KEY,$OLD_KEY" outturn secret rotate'],
  ).action((options: CommonOptions) =>
    withSecrets(
      io,
      options,
      async (admin) => {
        const done = await admin.rotate();
        io.setExitCode(done.unreadable.length === 0 ? 0 : 1);
        if (options.json) return printJson(io, done);
        const total = done.rotated.length + done.unchanged.length;
        if (total + done.unreadable.length + done.tokens === 0)
          return io.out(
            'There is nothing to rotate: no secret is set, and no token of a source is kept under another key.',
          );
        io.out(
          `${done.rotated.length} of ${total} put under the key ${done.keyId}; ${done.unchanged.length} had it already`,
        );
        if (done.tokens > 0) io.out(`${done.tokens} token${done.tokens === 1 ? '' : 's'} of sources went along`);
        if (done.unreadable.length > 0)
          io.out(
            `${io.color.red('✗')} of no given key, left as they are: ${done.unreadable.join(', ')}\n→ Add their key, or set them anew: \`outturn secret list\` names it.`,
          );
        else if (done.rotated.length > 0)
          io.out('→ Give every process of Outturn the new key; when all have it, the old one may go.');
      },
      { reads: true },
    ),
  );
}

function generateKey(group: Command, io: Io): void {
  withExamples(
    group
      .command('generate-key')
      .description('a new key for OUTTURN_KEY or OUTTURN_KEY_FILE, on standard output; it is kept nowhere'),
    ['$ outturn secret generate-key > /etc/outturn/key && chmod 600 /etc/outturn/key'],
  )
    .option('--json', 'one JSON document on standard output')
    .action(async (options: Pick<CommonOptions, 'json'>) => {
      const { generateKey: make } = await import('#src/main/open-secret-admin');
      const key = make();
      if (options.json) return printJson(io, { key });
      io.out(key);
      if (io.interactive)
        io.err('→ Keep a copy apart from backups of the database: without it, no secret in them can be read.');
    });
}
