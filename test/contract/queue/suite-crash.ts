import { describe, expect, it } from 'vitest';
import { spawnDoomed } from './doomed.ts';
import { type QueueServer, useWorld } from './fixture.ts';

/** More deaths than two deadly jobs may cause, each three times, so that a fault of the count ends the test. */
const MAX_DEATHS = 10;

/** Jobs that kill their worker. */
export function crashContract(server: QueueServer): void {
  describe('a job that kills its worker', () => {
    const open = useWorld(server);

    it('by exhausting the memory or by ending the process is quarantined after three deaths; its neighbours complete', {
      timeout: 120_000,
    }, async () => {
      const world = await open();
      await world.runtime({ workers: false });
      const rows = [];
      for (const name of ['memory', 'neighbour', 'exit', ...Array<string>(9).fill('neighbour')]) {
        const row = await world.enqueue('plain', { name });
        await world.untilState(row.id, 'published');
        rows.push({ ...row, name });
      }
      let deaths = 0;
      while ((await world.store.outbox.openCount()) > 0) {
        const worker = spawnDoomed(server.backend(world.databaseUrl), world.databaseUrl, { quits: true });
        if ((await worker.exited) === 0) break;
        deaths += 1;
        expect(deaths).toBeLessThan(MAX_DEATHS);
      }
      for (const { id, name } of rows) {
        const row = await world.row(id);
        if (name === 'neighbour') expect(row).toMatchObject({ state: 'succeeded', result: 'completed' });
        else {
          expect(row).toMatchObject({ state: 'failed', errorCode: 'queue/quarantined' });
          const runs = await world.store.runs.list(id);
          expect(runs.map((run) => run.outcome)).toEqual([null, null, null, 'failed']);
        }
      }
      const letters = await world.store.deadLetters.list(10);
      expect(letters.map((letter) => letter.errorCode)).toEqual(['queue/quarantined', 'queue/quarantined']);
      expect(deaths).toBeGreaterThanOrEqual(3);
    });
  });
}
