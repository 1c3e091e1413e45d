import { describe, expect, it } from 'vitest';
import type { OutboxRow } from '#kit';
import { pollUntil } from '../../harness/poll.ts';
import { gate, type QueueServer, useWorld, type World } from './fixture.ts';

/** Which of the waiting jobs runs first. */
export function orderContract(server: QueueServer): void {
  describe('of jobs that wait', () => {
    const open = useWorld(server);
    const published = async (world: World, ...rows: OutboxRow[]): Promise<void> => {
      for (const row of rows) await world.untilState(row.id, 'published');
    };

    it('those of high priority run before the normal ones, and the low ones last; equals in the order of asking', async () => {
      const world = await open();
      const runtime = await world.runtime({ workers: false });
      const wanted = ['low 1', 'normal 1', 'high 1', 'low 2', 'normal 2', 'high 2', 'normal 3'];
      for (const name of wanted) {
        const priority = name.split(' ')[0] as 'low' | 'normal' | 'high';
        await published(world, await world.enqueue('plain', { name }, priority));
      }
      await runtime.startWorkers({ concurrency: 1 });
      await runtime.idle({ timeoutMs: 60_000 });
      expect(world.names()).toEqual(['high 1', 'high 2', 'normal 1', 'normal 2', 'normal 3', 'low 1', 'low 2']);
    });

    it('one whose kind says nothing of its priority does not overtake a high one', async () => {
      const world = await open();
      const runtime = await world.runtime({ workers: false });
      await published(world, await world.enqueue('plain', { name: 'unsaid' }));
      await published(world, await world.enqueue('keyed', { name: 'unsaid, keyed', key: 'shop' }));
      await published(world, await world.enqueue('plain', { name: 'high' }, 'high'));
      await runtime.startWorkers({ concurrency: 1 });
      await runtime.idle({ timeoutMs: 60_000 });
      expect(world.names()).toEqual(['high', 'unsaid', 'unsaid, keyed']);
    });

    it('one that failed keeps its priority for its next attempt', async () => {
      const held = gate();
      const world = await open(async (name, { attempt }) => {
        if (name === 'holder') await held.opened;
        if (name === 'shaky' && attempt === 1) throw new Error('once');
        return null;
      });
      const runtime = await world.runtime({ concurrency: 1 });
      const shaky = await world.enqueue('plain', { name: 'shaky' }, 'high');
      await pollUntil('it was tried', async () => (await world.row(shaky.id)).errorCode !== null);
      await world.enqueue('plain', { name: 'holder' }, 'high');
      for (const name of ['a', 'b']) await published(world, await world.enqueue('plain', { name }));
      held.open();
      await runtime.idle({ timeoutMs: 60_000 });
      expect(world.names().filter((name) => name === 'shaky')).toHaveLength(2);
      const order = world.names();
      expect(order.lastIndexOf('shaky')).toBeLessThan(order.indexOf('b'));
    });

    it('a low one of a key is hastened by a high one that joins it', async () => {
      const world = await open();
      const runtime = await world.runtime({ workers: false });
      await published(world, await world.enqueue('keyed', { name: 'first asked, low', key: 'shop' }, 'low'));
      await published(world, await world.enqueue('plain', { name: 'normal' }));
      const joined = await world.enqueue('keyed', { name: 'joined, high', key: 'shop' }, 'high');
      await published(world, joined);
      await runtime.startWorkers({ concurrency: 1 });
      await runtime.idle({ timeoutMs: 60_000 });
      expect(world.names()).toEqual(['first asked, low', 'normal']);
      expect((await world.row(joined.id)).state).toBe('collapsed');
    });
  });
}
