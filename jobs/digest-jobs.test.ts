import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RoiOutputs } from '#domain';
import { buildReport } from '#jobs/build-report';
import { deliverMessage } from '#jobs/deliver-message';
import { sendDigest } from '#jobs/send-digest';
import {
  type Config,
  type DeliveryOutcome,
  type JobContext,
  type JobPorts,
  type Messenger,
  PermanentError,
  RetryableError,
  reportUrl,
  type Store,
  type StoredObject,
} from '#kit';
import { createIntentResolver } from '#src/queue/index';
import { createRenderer } from '#src/render/index';
import { openStore } from '#src/store/index';
import { NOW_MS, project, roiOutputs } from '../test/factories/digest.ts';
import { byTest, draftsOf } from '../test/factories/value.ts';
import { silentLog, type TestDatabase, testDatabase } from '../test/harness/database.ts';

let database: TestDatabase;
let store: Store;
let nowMs = NOW_MS;
let ids = 0;
const newId = () => `id-${++ids}`;
const SLOT = '2026-09-14T06:00:00Z';

/** Scripted: what the next deliveries and the reconciliation answer; what was sent is counted by key. */
const sent = new Map<string, number>();
let outcomes: (DeliveryOutcome | Error)[] = [];
let found: Awaited<ReturnType<Messenger['reconcile']>> = 'absent';
const messenger: Messenger = {
  async deliver({ idempotencyKey }) {
    const outcome = outcomes.shift() ?? { state: 'sent', messageId: `message-of-${idempotencyKey}` };
    if (outcome instanceof Error) throw outcome;
    sent.set(idempotencyKey, (sent.get(idempotencyKey) ?? 0) + 1);
    return outcome;
  },
  reconcile: async () => found,
};

const written = new Map<string, Buffer>();
const objects = {
  async put(key: string, body: Buffer): Promise<StoredObject> {
    written.set(key, body);
    return { key, location: `/objects/${key}`, bytes: body.length, sha256: 'hash' };
  },
};

let when: 'always' | 'changed' = 'always';
function ports(): JobPorts {
  const config = {
    settings: { publicUrl: 'https://outturn.example.com/', api: { token: 'api-token' } },
    projects: [project()],
    subscriptions: [
      {
        id: 'weekly',
        project: 'checkout-rewrite',
        portfolio: null,
        targets: [
          { channel: 'email', address: 'sponsor@example.com', name: 'Sponsor', stakeholder: null },
          { channel: 'slack', address: 'C0001', name: '#it-value', stakeholder: null },
        ],
        schedule: '0 8 * * 1',
        timeZone: 'Europe/Berlin',
        locale: 'en-GB',
        when,
        thresholds: null,
        heartbeat: null,
      },
    ],
    stakeholders: [],
  } as unknown as Config;
  const metrics = { deliveryFinished: () => undefined };
  const partial = {
    config,
    store,
    messenger,
    objects,
    reports: createRenderer(),
    metrics,
    clock: { nowMs: () => nowMs },
  };
  return {
    ...partial,
    log: silentLog,
    newId,
    redact: (text: string) => text.replaceAll('swordfish', '[redacted]'),
  } as unknown as JobPorts;
}
function context(attempt = 1): JobContext {
  return {
    jobId: 'job',
    attempt,
    fence: { jobId: 'job', token: 1 },
    signal: new AbortController().signal,
    ports: ports(),
    progress: () => undefined,
  };
}

beforeAll(async () => {
  database = await testDatabase();
  const resolver = createIntentResolver([deliverMessage, sendDigest, buildReport]);
  const clock = { nowMs: () => nowMs };
  store = await openStore({ url: database.url, resolver, clock, newId, log: silentLog, applicationName: 'test' });
  await store.projects.apply(draftsOf(project()), byTest);
});
afterAll(async () => {
  await store.close();
  await database.close();
});
beforeEach(() => {
  nowMs = NOW_MS;
  when = 'always';
  sent.clear();
  outcomes = [];
  found = 'absent';
});

let versions = 0;
async function snapshot(outputs: RoiOutputs = roiOutputs()) {
  nowMs += 1;
  const row = { id: newId(), projectId: 'checkout-rewrite', asOf: outputs.asOf, knownAtMs: NOW_MS, outputs };
  return (await store.snapshots.save({ ...row, engineVersion: '1', inputsHash: `hash-${++versions}` })).snapshot;
}
async function digest(slot: string, test = false) {
  nowMs += 1;
  return sendDigest.run({ subscription: 'weekly', slot, test }, context());
}
async function deliveryIds(slot: string): Promise<string[]> {
  const { deliveries } = (await digest(slot)) as { deliveries: string[] };
  return deliveries;
}
const intents = async () => (await store.outbox.list({ kind: 'deliver-message', limit: 500 })).length;

describe('a digest of a slot', () => {
  it('says so when nothing was computed yet, and is delivered all the same', async () => {
    const { digestId } = (await digest('before-any-snapshot')) as { digestId: string };
    const row = await store.digests.get(digestId);
    expect(row?.snapshotId).toBeNull();
    expect(row?.facts.headlineAbsentBecause).toContain('Nothing has been computed');
  });

  it('is made once with one delivery for each target, however often the job runs', async () => {
    await snapshot();
    const before = await intents();
    const first = await digest(SLOT);
    const again = await Promise.all([digest(SLOT), digest(SLOT)]);
    expect(again).toEqual([first, first]);
    expect(await intents()).toBe(before + 2);
  });

  it('is compared with the digest before, never with a test', async () => {
    const earlier = await snapshot(roiOutputs({ roi: '0.30', benefitToDate: '200000' }));
    await digest('week-1');
    await snapshot(roiOutputs({ roi: '0.99' }));
    await digest('week-2', true);
    await snapshot(roiOutputs({ roi: '0.42' }));
    const { digestId } = (await digest('week-2')) as { digestId: string };
    const facts = (await store.digests.get(digestId))?.facts;
    expect(facts?.headline?.roiChange).toBe('0.12');
    expect(facts?.snapshotId).not.toBe(earlier.id);
    expect(facts?.links[0]?.url).toBe(
      reportUrl('https://outturn.example.com', 'api-token', {
        project: 'checkout-rewrite',
        snapshotId: facts?.snapshotId ?? '',
      }),
    );
  });

  it('is left out when nothing changed and the subscription asks for changes only', async () => {
    when = 'changed';
    await snapshot(roiOutputs({ roi: '0.51' }));
    expect(await digest('changed-1')).toMatchObject({ state: 'composed' });
    await snapshot(roiOutputs({ roi: '0.51', asOf: '2026-09-15' }));
    expect(await digest('changed-2')).toMatchObject({ state: 'unchanged', deliveries: [] });
    await snapshot(roiOutputs({ roi: '0.61', asOf: '2026-09-16' }));
    expect(await digest('changed-3')).toMatchObject({ state: 'composed' });
  });

  it('says that it is late when its slot is long past', async () => {
    const { digestId } = (await digest('2026-09-13T08:00[Europe/Berlin]')) as { digestId: string };
    expect((await store.digests.get(digestId))?.facts.notice).toContain('it was due 13 Sep 2026, 08:00 CEST');
  });

  it('of a subscription that is not configured names those that are', async () => {
    await expect(sendDigest.run({ subscription: 'weakly', slot: SLOT }, context())).rejects.toMatchObject({
      name: 'PermanentError',
      hint: expect.stringContaining('weekly'),
    });
  });
});

describe('a delivery', () => {
  async function fresh(slot: string): Promise<string> {
    const [id = ''] = await deliveryIds(slot);
    return id;
  }
  const run = (deliveryId: string, attempt = 1) => deliverMessage.run({ deliveryId }, context(attempt));
  const state = async (id: string) => (await store.deliveries.get(id))?.state;

  it('is sent once, however often the job runs', async () => {
    const id = await fresh('d-once');
    const result = await run(id);
    expect(await run(id)).toEqual(result);
    expect([...sent.values()]).toEqual([1]);
    expect(await state(id)).toBe('sent');
  });

  it('waits after a passing failure, and is sent by the next attempt', async () => {
    const id = await fresh('d-retry');
    outcomes = [new RetryableError('delivery/unreachable', 'down')];
    await expect(run(id)).rejects.toThrow('down');
    expect(await state(id)).toBe('pending');
    await run(id, 2);
    expect(await state(id)).toBe('sent');
  });

  it('fails for good on a permanent error, or when its attempts are spent', async () => {
    const [refused, spent] = [await fresh('d-refused'), await fresh('d-spent')];
    outcomes = [
      new PermanentError('delivery/rejected', 'no such user as swordfish'),
      new RetryableError('delivery/unreachable', 'down'),
    ];
    await expect(run(refused)).rejects.toThrow('no such user');
    expect((await store.deliveries.get(refused))?.errorMessage).toBe('no such user as [redacted]');
    await expect(run(spent, deliverMessage.attempts)).rejects.toThrow('down');
    expect([await state(refused), await state(spent)]).toEqual(['failed', 'failed']);
  });

  it('of unknown outcome is looked up: what arrived is not sent again', async () => {
    const id = await fresh('d-unknown-arrived');
    outcomes = [{ state: 'unknown', reason: 'no answer' }];
    await expect(run(id)).rejects.toMatchObject({ code: 'delivery/unknown-outcome' });
    found = { messageId: 'C0001/1.2' };
    expect(await run(id, 2)).toEqual({ state: 'sent', messageId: 'C0001/1.2' });
    expect([...sent.values()]).toEqual([1]);
  });

  it('of unknown outcome is sent again only when the channel knows that it did not arrive', async () => {
    const id = await fresh('d-unknown');
    outcomes = [{ state: 'unknown', reason: 'no answer' }];
    await expect(run(id)).rejects.toMatchObject({ name: 'RetryableError' });
    found = 'cannot-tell';
    await expect(run(id, 2)).rejects.toMatchObject({ name: 'PermanentError', hint: expect.any(String) });
    expect(await state(id)).toBe('unknown');
    found = 'absent';
    await run(id, 3);
    expect([await state(id), ...sent.values()]).toEqual(['sent', 2]);
  });

  it('that another worker tried in that moment with an unknown outcome is looked up before it is sent again', async () => {
    const id = await fresh('d-overtaken');
    const base = context();
    let overtaken = false;
    const raced: Store = {
      ...store,
      deliveries: {
        ...store.deliveries,
        get: async (deliveryId) => {
          const row = await store.deliveries.get(deliveryId);
          if (!overtaken) {
            overtaken = true;
            outcomes = [{ state: 'unknown', reason: 'no answer' }];
            await expect(run(deliveryId)).rejects.toMatchObject({ code: 'delivery/unknown-outcome' });
          }
          return row;
        },
        beginSending: store.deliveries.beginSending,
        finish: store.deliveries.finish,
      },
    };
    const again = () => deliverMessage.run({ deliveryId: id }, { ...base, ports: { ...base.ports, store: raced } });
    await expect(again()).rejects.toMatchObject({ name: 'RetryableError' });
    found = { messageId: 'arrived' };
    expect(await again()).toEqual({ state: 'sent', messageId: 'arrived' });
    expect([...sent.values()]).toEqual([1]);
  });

  it('whose sender died is left alone while that one may live, then looked up', async () => {
    const id = await fresh('d-crashed');
    await store.deliveries.beginSending(id, 0);
    await expect(run(id)).rejects.toMatchObject({ name: 'RetryableError', retryAfterMs: expect.any(Number) });
    expect(sent.size).toBe(0);
    nowMs += deliverMessage.timeoutMs + 1;
    found = { messageId: 'arrived' };
    expect(await run(id)).toEqual({ state: 'sent', messageId: 'arrived' });
    expect(sent.size).toBe(0);
  });
});

describe('reports of a snapshot', () => {
  it('compare with the business date before, not with a past one that was computed anew lately', async () => {
    await snapshot(roiOutputs({ asOf: '2026-09-20', roi: '0.70' }));
    await snapshot(roiOutputs({ asOf: '2026-01-31', roi: '0.10' }));
    const { id } = await snapshot(roiOutputs({ asOf: '2026-09-21', roi: '0.75' }));
    const past = await snapshot(roiOutputs({ asOf: '2026-02-01', roi: '0.15' }));
    const seen: (string | null | undefined)[] = [];
    const base = context();
    const reports: JobPorts['reports'] = {
      async render({ facts }, format) {
        seen.push(facts.headline?.roiChange);
        return { format, contentType: 'text/plain', body: Buffer.from(format) };
      },
    };
    for (const snapshotId of [id, past.id])
      await buildReport.run(
        { project: 'checkout-rewrite', snapshotId },
        { ...base, ports: { ...base.ports, reports } },
      );
    expect(seen).toEqual(['0.05', '0.05', '0.05', '0.05']);
  });

  it('are written under their content hash, once', async () => {
    const { id } = await snapshot();
    const args = { project: 'checkout-rewrite', snapshotId: id };
    const first = await buildReport.run(args, context());
    const files = written.size;
    expect(await buildReport.run(args, context())).toEqual(first);
    expect(written.size).toBe(files);
    expect([...written.keys()].every((key) => /^reports\/checkout-rewrite\/[0-9a-f]{64}\.(html|csv)$/.test(key))).toBe(
      true,
    );
    expect((await store.reports.latest('checkout-rewrite')).map(({ format }) => format).sort()).toEqual([
      'csv',
      'html',
    ]);
  });

  it('of a snapshot that is not there are refused', async () => {
    await expect(
      buildReport.run({ project: 'checkout-rewrite', snapshotId: 'absent' }, context()),
    ).rejects.toMatchObject({ name: 'PermanentError', code: 'not-found' });
  });
});
