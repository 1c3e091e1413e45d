import { z } from 'zod';
import type { PortfolioOutputs } from '#domain';
import type { PortfolioSnapshotRepository } from '#kit';
import { instant, json, type StoreContext, sql } from './context.ts';

const snapshotSchema = z.object({
  id: z.string(),
  portfolioId: z.string(),
  asOf: z.string(),
  knownAtMs: z.number(),
  engineVersion: z.string(),
  inputsHash: z.string(),
  outputs: z.custom<PortfolioOutputs>((value) => typeof value === 'object' && value !== null),
  createdAtMs: z.number(),
});
const columns = sql.fragment`
  id, portfolio_id AS "portfolioId", as_of AS "asOf", known_at AS "knownAtMs", engine_version AS "engineVersion",
  inputs_hash AS "inputsHash", outputs, created_at AS "createdAtMs"`;

export function createPortfolioSnapshotRepository({ connection, clock }: StoreContext): PortfolioSnapshotRepository {
  return {
    async save(snapshot) {
      const inserted = await connection.maybeOne(sql.type(snapshotSchema)`
        INSERT INTO portfolio_snapshot
          (id, portfolio_id, as_of, known_at, engine_version, inputs_hash, currency, outputs, created_at)
        VALUES (${snapshot.id}, ${snapshot.portfolioId}, ${snapshot.asOf}::date, ${instant(snapshot.knownAtMs)},
          ${snapshot.engineVersion}, ${snapshot.inputsHash}, ${snapshot.outputs.currency},
          ${json(snapshot.outputs)}::json, ${instant(clock.nowMs())})
        ON CONFLICT (portfolio_id, as_of, inputs_hash, engine_version) DO NOTHING
        RETURNING ${columns}`);
      if (inserted !== null) return { snapshot: inserted, created: true };
      const known = await connection.one(sql.type(snapshotSchema)`
        SELECT ${columns} FROM portfolio_snapshot
        WHERE portfolio_id = ${snapshot.portfolioId} AND as_of = ${snapshot.asOf}::date
          AND inputs_hash = ${snapshot.inputsHash} AND engine_version = ${snapshot.engineVersion}`);
      return { snapshot: known, created: false };
    },

    async get(id) {
      return await connection.maybeOne(
        sql.type(snapshotSchema)`SELECT ${columns} FROM portfolio_snapshot WHERE id = ${id}`,
      );
    },

    async history(portfolioId, limit) {
      return [
        ...(await connection.any(sql.type(snapshotSchema)`
          SELECT ${columns} FROM portfolio_snapshot
          WHERE portfolio_id = ${portfolioId} ORDER BY seq DESC LIMIT ${limit}`)),
      ];
    },
  };
}
