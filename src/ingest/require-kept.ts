import { asOutturnError, type ObjectStore, RetryableError } from '#kit';

/**
 * Of pages with the content of ones that retention removed: throws `object/unavailable` (retryable) where the body went after it was
 * archived anew. Asked within the transaction that stores their rows, in which none can go any more.
 */
export async function requireKept(objects: Pick<ObjectStore, 'get'>, objectKeys: readonly string[]): Promise<void> {
  for (const key of objectKeys)
    try {
      await objects.get(key);
    } catch (thrown) {
      const error = asOutturnError(thrown);
      if (error.code !== 'object/not-found') throw error;
      throw new RetryableError('object/unavailable', `Retention removed ${key} while the same page came in again`, {
        hint: 'The next attempt archives it anew.',
        cause: thrown,
      });
    }
}
