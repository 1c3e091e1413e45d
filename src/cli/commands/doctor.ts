import type { Command } from 'commander';
import { type CommonOptions, environmentOf, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';

/** `outturn doctor`: is everything that the machinery needs there and well? */
export function doctor(program: Command, io: Io): void {
  withCommon(
    program.command('doctor').description('look at configuration, database, queue, stores and what is late or failed'),
    ['doctor', 'doctor --mend', 'doctor --json'],
  )
    .option('--mend', 'ask for missing work, as far as that is harmless to repeat')
    .action(async (options: CommonOptions & { mend?: boolean }) => {
      const { diagnose } = await import('#src/main/doctor');
      const findings = await diagnose(environmentOf(io, options), { mend: options.mend });
      const failed = findings.filter((finding) => finding.level === 'error').length;
      io.setExitCode(failed === 0 ? 0 : 1);
      if (options.json) return printJson(io, { ok: failed === 0, findings });
      const marks = { ok: io.color.green('✓'), warning: io.color.yellow('!'), error: io.color.red('✗') };
      for (const finding of findings) {
        io.out(`${marks[finding.level]} ${finding.aspect.padEnd(14)} ${finding.message}`);
        if (finding.hint !== undefined) io.out(`  ${' '.repeat(14)} → ${finding.hint}`);
      }
    });
}
