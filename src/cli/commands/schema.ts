import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { asOutturnError, OutturnError } from '#kit';
import { editorSchema } from '#src/main/configuration';
import { withExamples } from '../command.ts';
import { type Io, printJson } from '../io.ts';

/** `outturn schema`: JSON Schema of the YAML files, for completion and hover in an editor. */
export function schema(program: Command, io: Io): void {
  withExamples(
    program
      .command('schema')
      .description('JSON Schema of the configuration, for editors')
      .option('--write <folder>', 'write outturn.json there instead of to standard output')
      .option('--json', 'one JSON document on standard output, which the schema is anyway'),
    ['schema > outturn.schema.json', 'schema --write config/schema'],
  ).action(async (options: { write?: string; json?: boolean }) => {
    const document = editorSchema();
    if (options.write === undefined) return printJson(io, document);
    const file = path.join(options.write, 'outturn.json');
    try {
      await mkdir(options.write, { recursive: true });
      await writeFile(file, `${JSON.stringify(document, null, 2)}\n`);
    } catch (error) {
      throw new OutturnError('usage', `${file} cannot be written: ${asOutturnError(error).message}`, {
        hint: 'Name a folder that may be written.',
        cause: error,
      });
    }
    if (options.json) printJson(io, { written: file });
    else io.err(`wrote ${file}`);
  });
}
