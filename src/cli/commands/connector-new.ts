import path from 'node:path';
import type { Command } from 'commander';
import { newConnector, writeGeneratedParts } from '#src/main/new-connector';
import { withExamples } from '../command.ts';
import { type Io, printJson } from '../io.ts';

/** `outturn connector new KIND`: for who adds a kind of source to Outturn itself; works in a checkout, without configuration. */
export function connectorNew(program: Command, io: Io): void {
  const group = withExamples(
    program.command('connector').description('for authors of connectors: make one, write its README'),
    ['connector new acme-metrics', 'connector readme'],
  );
  withExamples(
    group
      .command('new')
      .description('a connector of a new kind that passes every test as it stands, to be changed step by step')
      .argument('<kind>', 'its name in YAML and its folder: lower-case letters, digits and "-"')
      .option('--dir <folder>', 'the checkout', '.')
      .option('--json', 'one JSON document on standard output'),
    ['connector new acme-metrics', 'connector new acme-metrics --dir ~/outturn'],
  ).action(async (kind: string, options: { dir: string; json?: boolean }) => {
    const made = await newConnector(path.resolve(options.dir), kind);
    if (options.json) return printJson(io, made);
    for (const file of made.files) io.out(`  ${file}`);
    io.out(
      made.registered
        ? `\nsrc/main/registry.ts names it now. Next:`
        : `\nAdd it to src/main/registry.ts by hand: one import, one name in connectorKinds. Next:`,
    );
    io.out('  npm run generate');
    io.out(`  npx vitest run test/contract/connectors -t 'connectors/${kind}'`);
    io.out('\nThe source that it speaks to is imaginary: docs/connector-authors.md says how to make it yours.');
  });
  withExamples(
    group
      .command('readme')
      .description("write the tables of options into the connectors' READMEs, from the schemas that check them")
      .option('--dir <folder>', 'the checkout', '.')
      .option('--json', 'one JSON document on standard output'),
    ['connector readme'],
  ).action(async (options: { dir: string; json?: boolean }) => {
    const changed = await writeGeneratedParts(path.resolve(options.dir));
    if (options.json) return printJson(io, { changed });
    for (const file of changed) io.err(`wrote ${file}`);
    if (changed.length === 0) io.err('every README is up to date');
  });
}
