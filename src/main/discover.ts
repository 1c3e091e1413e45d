import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Config, OutturnError, PermanentError } from '#kit';
import { connectorText, type OfferedStream, offeredStreams } from '#src/config/index';
import { readConfig } from './configuration.ts';
import type { Environment } from './environment.ts';
import { registry } from './registry.ts';
import { openSourceTools } from './source-tools.ts';

export type { OfferedStream } from '#src/config/index';

/** More than this is no list that somebody reads; kinds end theirs here. */
export const MOST_ENTRIES = 5_000;

export interface Discovered {
  connector: string;
  kind: string;
  /** By id, with the ids that their streams would have. */
  streams: OfferedStream[];
  /** There may be more: the list ends at `MOST_ENTRIES`. */
  isCut: boolean;
}

/** Asks a connector's source what can be pulled. Throws `usage` for a kind that cannot tell, `source/…` for what fails. */
export async function discover(
  environment: Environment,
  config: Config,
  id: string,
  signal: AbortSignal,
): Promise<Discovered> {
  const connector = config.connectors.find((each) => each.id === id);
  const kind = connector && registry.connectorKind(connector.kind);
  if (connector === undefined || kind === undefined)
    throw new PermanentError('config/unknown-reference', `There is no connector "${id}".`);
  if (!kind.capabilities.discover)
    throw new OutturnError('usage', `A source of kind ${kind.kind} cannot tell what it has.`, {
      hint: `Write its streams by hand: connectors/${kind.kind}/sample.yaml is an example, the schema helps in an editor.`,
    });
  if (connector.unreadable !== undefined) {
    const { code, message, hint } = connector.unreadable;
    throw new PermanentError(code, `${id}: ${message}`, { hint });
  }
  const tools = await openSourceTools(environment, config);
  try {
    const entries = await kind.discover(tools.context(connector, signal));
    if (signal.aborted) throw signal.reason;
    const taken = connector.streams.map((stream) => stream.id);
    const streams = offeredStreams(entries.slice(0, MOST_ENTRIES), taken);
    return { connector: id, kind: kind.kind, streams, isCut: entries.length >= MOST_ENTRIES };
  } finally {
    await tools.close();
  }
}

export interface WrittenFile {
  file: string;
  /** The connector stands in that file as well, which `validate` will refuse; null: it does not. */
  alsoIn: string | null;
}

/**
 * Writes the connector with its streams, those chosen and, as comments, the others. Never over a file without `force`, and
 * never over one that holds something else than the connector. Throws `usage`.
 */
export async function writeDiscovered(
  environment: Environment,
  { connector, kind, streams }: Pick<Discovered, 'connector' | 'kind' | 'streams'>,
  { file, chosen, force, atMs }: { file: string; chosen: ReadonlySet<string>; force: boolean; atMs: number },
): Promise<WrittenFile> {
  const { files } = await readConfig(environment, { withoutStreams: true });
  const written = connectorText(files, connector, streams, {
    chosen,
    head: [
      `What the connector ${connector} (${kind}) offered on ${new Date(atMs).toISOString().slice(0, 16)}Z, written by \`outturn discover\`.`,
      'Take "# " away from what is to be pulled, give the streams ids that say what they are, and run `outturn validate`.',
    ],
  });
  if (written === null) throw new PermanentError('config/not-found', `No file has the connector ${connector}.`);
  const target = path.resolve(file);
  const isSame = path.resolve(written.definedIn) === target;
  const exists = (await stat(target).catch(() => null)) !== null;
  if (exists && !force)
    throw new OutturnError('usage', `${file} is there already.`, {
      hint: 'Name another file, or give --force to replace it.',
    });
  if (exists && isSame && written.hasMore)
    throw new OutturnError('usage', `${file} holds more than the connector ${connector}: that would be lost.`, {
      hint: 'Write to another file, and move the streams from there.',
    });
  try {
    await writeFile(target, written.text, { flag: force ? 'w' : 'wx' });
  } catch (thrown) {
    throw new OutturnError('usage', `${file} cannot be written: ${thrown instanceof Error ? thrown.message : ''}`, {
      hint: 'Name a file in a folder that may be written.',
      cause: thrown,
    });
  }
  const folder = `${path.resolve(environment.configDirectory)}${path.sep}`;
  return { file, alsoIn: !isSame && target.startsWith(folder) ? written.definedIn : null };
}
