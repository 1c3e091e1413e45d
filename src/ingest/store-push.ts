import { createHash } from 'node:crypto';
import type { CostLine } from '#domain';
import type { ObjectStore, ParsedPage, RawPage, Repositories } from '#kit';
import { dirtyPeriods, projectsOfCosts, requireSameUnits } from './affected.ts';
import type { PushTarget } from './push-target.ts';
import { requireKept } from './require-kept.ts';
import { streamVersionOf } from './target.ts';

/** Many small pushes make one recompute. */
export const RECOMPUTE_DELAY_MS = 2_000;

/** A page in the object store. */
export interface KeptPage {
  page: RawPage;
  sha256: string;
  bytes: number;
  objectKey: string;
}

/** Keeps what was sent by the hash of its content, secrets redacted. */
export async function keepPage(
  { objects, redact }: { objects: ObjectStore; redact(text: string): string },
  page: RawPage,
): Promise<KeptPage> {
  const body = Buffer.from(redact(page.body));
  const sha256 = createHash('sha256').update(body).digest('hex');
  const { key } = await objects.put(`pages/${sha256}`, body, page.contentType);
  return { page, sha256, bytes: body.length, objectKey: key };
}

export interface PushedPart {
  target: PushTarget;
  stream: PushTarget['streams'][number];
  pullId: string;
  jobId: string;
  attempt: number;
  observedAtMs: number;
  kept: KeptPage;
  objects: Pick<ObjectStore, 'get'>;
  parsed: ParsedPage;
  /** Up to where the stream is known by it; absent: the end of its newest sample. */
  knownToMs?: number | undefined;
}

/**
 * Within a transaction: what one page brought for one stream, with the pull's row, the watermark and the dirty periods. Gives the projects
 * that are to be recomputed. Throws `source/unit-mismatch`.
 */
export async function storePushed(
  tx: Repositories,
  part: PushedPart,
): Promise<{ rows: number; inserted: number; revisions: number; unchanged: number; projects: string[] }> {
  const { target, stream, pullId, observedAtMs, kept, parsed } = part;
  const name = { connector: target.id, stream: stream.id };
  await tx.lock(`pull:${name.connector}/${name.stream}`);
  await tx.lockShared('projects');
  const projects = await tx.projects.list();
  requireSameUnits(projects, name, parsed.measurements);
  const times = [
    ...parsed.measurements.flatMap(({ atMs, durationMs }) => [atMs, atMs + durationMs]),
    ...parsed.costs.map(({ postingDate }) => Date.parse(postingDate)),
  ];
  const fromMs = times.reduce((least, atMs) => Math.min(least, atMs), part.knownToMs ?? times[0] ?? observedAtMs);
  const toMs = times.reduce((most, atMs) => Math.max(most, atMs), fromMs);
  await tx.pulls.start({
    ...name,
    id: pullId,
    jobId: part.jobId,
    attempt: part.attempt,
    fromMs,
    toMs,
    kind: target.kind.kind,
    streamVersion: streamVersionOf({ kind: target.kind, stream }),
  });
  const { page, sha256 } = kept;
  const removedOnce = await tx.pulls.addPages([
    {
      pullId,
      seq: 0,
      sha256,
      bytes: kept.bytes,
      objectKey: kept.objectKey,
      requestMethod: page.request.method,
      requestUrl: page.request.url,
      receivedAtMs: page.receivedAtMs,
      contentType: page.contentType,
      meta: page.meta,
    },
  ]);
  await requireKept(part.objects, removedOnce);
  const common = { ...name, pullId, observedAtMs };
  const rows = parsed.measurements.map((row) => ({ ...row, pageHash: sha256 }));
  const samples = await tx.measurements.ingest({ ...common, rows });
  const lines = new Map(parsed.costs.map((line): [string, CostLine] => [line.sourceKey, line]));
  const costs = [...lines.values()].map((line) => ({ ...line, pageHash: sha256 }));
  const costed =
    costs.length === 0
      ? { inserted: 0, revisions: 0, unchanged: 0, projectRefs: [] }
      : await tx.costs.ingest({ ...common, rows: costs });

  const dirty = dirtyPeriods(projects, name, samples.changed);
  if (dirty.length > 0) await tx.dirty.mark(dirty, pullId);
  const affected = new Set(dirty.map(({ projectId }) => projectId));
  if (costed.inserted + costed.revisions > 0)
    for (const id of projectsOfCosts(projects, name, costed.projectRefs)) affected.add(id);
  // Costs that were unknown until now are known.
  if (costs.length > 0 && (await tx.watermarks.get(name.connector, name.stream)) === null)
    for (const { id, costSources } of projects)
      if (costSources.some((source) => source.connector === name.connector && source.stream === name.stream))
        affected.add(id);
  const watermarkMs = part.knownToMs ?? (stream.options.accepts === 'costs' ? observedAtMs : toMs);
  await tx.watermarks.advance({ ...name, watermarkMs, pullId });
  const inserted = samples.inserted + costed.inserted;
  const revisions = samples.revisions + costed.revisions;
  await tx.pulls.succeed(pullId, {
    pages: 1,
    rows: rows.length + costs.length,
    inserted,
    revisions,
    expected: null,
    warnings: parsed.warnings,
  });
  return {
    rows: rows.length + costs.length,
    inserted,
    revisions,
    unchanged: rows.length + costs.length - inserted - revisions,
    projects: [...affected].sort(),
  };
}

/** A recompute of each, shortly: changes that follow soon are taken in by the same one. */
export async function askRecomputes(
  tx: Repositories,
  projects: Iterable<string>,
  { cause, parentId, nowMs }: { cause: string; parentId: string | null; nowMs: number },
): Promise<void> {
  for (const project of [...new Set(projects)].sort())
    await tx.outbox.enqueueOrJoin({
      kind: 'recompute-roi',
      args: { project },
      cause,
      parentId,
      notBeforeMs: nowMs + RECOMPUTE_DELAY_MS,
    });
}
