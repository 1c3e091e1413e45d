import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { editorSchema } from '#src/main/configuration';
import { type Io, printJson } from '../io.ts';

/** `outturn schema`: JSON Schema of the YAML files, for completion and hover in an editor. */
export function schema(program: Command, io: Io): void {
  program
    .command('schema')
    .description('JSON Schema of the configuration, for editors')
    .option('--write <folder>', 'write outturn.json there instead of to standard output')
    .addHelpText('after', '\nExamples:\n  $ outturn schema --write config/schema')
    .action(async (options: { write?: string }) => {
      const document = editorSchema();
      if (options.write === undefined) return printJson(io, document);
      await mkdir(options.write, { recursive: true });
      const file = path.join(options.write, 'outturn.json');
      await writeFile(file, `${JSON.stringify(document, null, 2)}\n`);
      io.err(`wrote ${file}`);
    });
}
