import { PermanentError, type SqlBatch, type SqlSource } from '#kit';

/** Foreign PostgreSQL databases, read only. */
export function createSqlSource(): SqlSource {
  return {
    async *query(): AsyncGenerator<SqlBatch> {
      throw new PermanentError('source/unreachable', 'this build reads no databases');
    },
  };
}
