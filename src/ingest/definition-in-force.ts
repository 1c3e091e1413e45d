import { appliedOtherwise, type ConnectorRepository, NOT_APPLIED_HINT, PermanentError } from '#kit';
import type { Target } from './target.ts';

/**
 * Since when another definition of the stream is in force; null: this one is. Throws `config/not-applied` where it is to be
 * stored: figures of two definitions would stand in one stream.
 */
export async function definitionInForce(
  connectors: Pick<ConnectorRepository, 'identity'>,
  { connector, stream, kind }: Target,
  { apply }: { apply: boolean },
): Promise<{ sinceMs: number } | null> {
  const other = await appliedOtherwise(connectors, connector, stream, kind);
  if (other === null || !apply) return other;
  const name = `${connector.id}.${stream.id}`;
  throw new PermanentError(
    'config/not-applied',
    `${name} asks something else here than what was applied on ${new Date(other.sinceMs).toISOString()}; nothing is stored`,
    {
      hint: `Once it is in force, \`outturn replay ${name} --earlier --apply\` stores what it makes of the archived pages. ${NOT_APPLIED_HINT}`,
    },
  );
}
