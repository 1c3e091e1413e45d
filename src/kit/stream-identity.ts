import type { z } from 'zod';
import { canonicalHash, canonicalJson } from '../domain/index.ts';
import type { ConnectorConfig, StreamConfig } from './config.ts';
import type { AnyConnectorKind } from './connector.ts';
import { fieldSchemas, unwrapped } from './schema-shape.ts';
import type { ConnectorRepository } from './store/index.ts';

/**
 * The same as long as the stream asks its source the same: its kind, the kind's own options, and its own, but for what
 * only says how it is read (`ConnectorKind.tuning`). Address, login, times and budgets are no part of it. An option that
 * has its default counts as not written: a release that brings a new option changes no stream.
 */
export function streamIdentity(
  { kind, options }: Pick<ConnectorConfig, 'kind' | 'options'>,
  stream: Pick<StreamConfig, 'options'>,
  of: Pick<AnyConnectorKind, 'options' | 'stream' | 'tuning'> | undefined,
): string {
  const asked = (value: unknown, schema: z.core.$ZodType | undefined): Fields =>
    Object.fromEntries(
      Object.entries(asFields(withoutDefaults(value, schema === undefined ? [] : [schema]))).filter(
        ([key]) => key !== 'url' && !of?.tuning?.includes(key),
      ),
    );
  return canonicalHash({ kind, options: asked(options, of?.options), stream: asked(stream.options, of?.stream) }).slice(
    0,
    16,
  );
}

/** How `config/not-applied` is mended, whichever of the two definitions is the newer one. */
export const NOT_APPLIED_HINT =
  'Look at `outturn plan` and put it in force by `outturn apply`. Where something newer was applied already, start the processes again that run with the older configuration (`outturn up`, `outturn worker`).';

/** When the definition in force was applied, where the stream asks something else here; null: it is as applied, or never was. */
export async function appliedOtherwise(
  connectors: Pick<ConnectorRepository, 'identity'>,
  connector: ConnectorConfig,
  stream: StreamConfig,
  kind: AnyConnectorKind | undefined,
): Promise<{ sinceMs: number } | null> {
  const applied = await connectors.identity(connector.id, stream.id);
  if (applied === null || applied.identity === streamIdentity(connector, stream, kind)) return null;
  return { sinceMs: applied.sinceMs };
}

type Fields = Readonly<Record<string, unknown>>;
const asFields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

/** A copy without the fields that are what they would be had nobody written them. */
function withoutDefaults(value: unknown, schemas: readonly z.core.$ZodType[]): unknown {
  const inner = schemas.flatMap((schema) => unwrapped(schema));
  if (Array.isArray(value)) {
    const elements = inner.flatMap(({ _zod: { def } }) => (def.type === 'array' ? [def.element] : []));
    return value.map((item) => withoutDefaults(item, elements));
  }
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).flatMap(([key, field]) => {
    const own = fieldSchemas(inner, key);
    if (field === undefined || own.some((schema) => isDefault(field, schema))) return [];
    return [[key, withoutDefaults(field, own)] as const];
  });
  return Object.fromEntries(kept);
}

function isDefault(field: unknown, schema: z.core.$ZodType): boolean {
  const unwritten = (schema as z.ZodType).safeParse(undefined);
  return unwritten.success && canonicalJson(unwritten.data ?? null) === canonicalJson(field ?? null);
}
