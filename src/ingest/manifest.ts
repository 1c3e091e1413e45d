import { z } from 'zod';
import { type ArchivedPageRow, type ObjectStore, PermanentError } from '#kit';

const manifestSchema = z.object({
  pages: z.array(z.object({ seq: z.number(), contentType: z.string(), meta: z.record(z.string(), z.unknown()) })),
});

/** What earlier releases kept of a page in `pulls/<id>.json`. Throws `object/not-found`, or `object/unavailable` for what is no manifest. */
export async function readManifest(
  objects: ObjectStore,
  { pullId, seq }: Pick<ArchivedPageRow, 'pullId' | 'seq'>,
): Promise<{ contentType: string; meta: Record<string, unknown> }> {
  const body = (await objects.get(`pulls/${pullId}.json`)).toString('utf8');
  const page = manifestOf(body)?.pages.find((each) => each.seq === seq);
  if (page === undefined)
    throw new PermanentError('object/unavailable', `pulls/${pullId}.json does not tell how page ${seq} is to be read`);
  return page;
}

function manifestOf(body: string): z.output<typeof manifestSchema> | null {
  try {
    return manifestSchema.parse(JSON.parse(body));
  } catch {
    return null;
  }
}
