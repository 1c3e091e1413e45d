import { asOutturnError } from '#kit';
import { openEmbeddedPostgres } from '#src/embedded/index';
import { silentLog } from './silent-log.ts';

/** A command on the data directory argv[2]: prints what it got as one line of JSON, releases when standard input ends. */
try {
  const server = await openEmbeddedPostgres({ dataDirectory: process.argv[2] ?? '', log: silentLog });
  process.stdout.write(`${JSON.stringify({ url: server.url, mode: server.mode, directory: server.directory })}\n`);
  process.stdin.resume();
  process.stdin.once('end', () => void server.release().then(() => process.exit(0)));
} catch (error) {
  const { code, message, hint } = asOutturnError(error);
  process.stdout.write(`${JSON.stringify({ error: { code, message, hint } })}\n`);
}
