import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadKinds } from './case.ts';
import {
  expectAnswer,
  inOrder,
  jsonOf,
  openReceiverRoom,
  type Receiver,
  type ReceiverRoom,
  type SentAnswer,
} from './send-case.ts';
import { type Sent, type SentCase, sentCasesOf } from './sent-case.ts';
import { spoiltRequests } from './spoilt-requests.ts';

const repository = join(import.meta.dirname, '../../..');
const kinds = (await loadKinds()).filter(({ kind }) => kind.capabilities.pull === false);

// With OUTTURN_CONNECTOR none of the folders may be of this sort: a file without a test would fail.
it.runIf(kinds.length === 0)('has no folder to walk', () => {});

describe.each(kinds)('connectors/$folder is sent to', ({ folder, kind }) => {
  const cases = sentCasesOf(folder);
  let room: ReceiverRoom;
  beforeAll(async () => {
    room = await openReceiverRoom(kind);
  });
  afterAll(() => room.close());

  const toTheEnd = async (receiver: Receiver, { definition, sent }: SentCase): Promise<void> =>
    receiver.passTo(definition.until ?? sent.findLast(({ now }) => now !== undefined)?.now ?? definition.now);

  it('has cases of what is stored, what is refused and what is to come again', () => {
    const statuses = cases.flatMap(({ sent }) => sent.map(({ response }) => Math.floor(response.status / 100)));
    expect([...new Set(statuses)].sort()).toEqual(expect.arrayContaining([2, 4, 5]));
    expect(cases.filter(({ expectedLines }) => expectedLines.length > 0)).not.toEqual([]);
  });

  it('names of each case the page that documents it', () => {
    const unfounded = cases
      .filter(({ definition: { source } }) => !/https?:\/\//.test(source) && !existsSync(pageOf(source)))
      .map(({ name, definition }) => `${name}: ${definition.source}`);
    expect(unfounded).toEqual([]);
  });
  /** Of a protocol that is ours. */
  const pageOf = (source: string): string =>
    join(repository, /^our own protocol, published in ([^#]+)#/.exec(source)?.[1] ?? 'nowhere');

  it.each(cases)('answers $name and stores what it should', async (testCase) => {
    await room.receiving(testCase, async (receiver) => {
      for (const one of testCase.sent) {
        if (one.now !== undefined) await receiver.passTo(one.now);
        expectAnswer(one, await receiver.send(one.request));
      }
      await toTheEnd(receiver, testCase);
      expect(inOrder(await receiver.stored())).toEqual(inOrder(testCase.expectedLines));
    });
  });

  const storing = cases.filter(({ expectedLines }) => expectedLines.length > 0);
  it.each(storing)(
    'stores $name once though the database is away at first, senders break off and each request comes twice',
    async (testCase) => {
      const sent = testCase.sent.filter((each) => !isLimit(each));
      await room.receiving(
        testCase,
        async (receiver) => {
          receiver.setAway(true);
          const statuses: number[] = [];
          for (const { request } of sent) statuses.push((await receiver.send(request)).status);
          receiver.setAway(false);
          expect(statuses).toContain(503);
          expect(await receiver.stored()).toEqual([]);
          for (const one of sent) {
            if (one.now !== undefined) await receiver.passTo(one.now);
            expectAnswer(one, await receiver.send(one.request));
            const again = await receiver.send(one.request);
            expect(again.status, again.text).toBe(one.response.status);
            const counts = jsonOf(again) as { repeated?: boolean } | null;
            if (counts?.repeated === false) expect(counts).toMatchObject({ inserted: 0, revisions: 0 });
          }
          await toTheEnd(receiver, testCase);
          expect(inOrder(await receiver.stored())).toEqual(inOrder(testCase.expectedLines));
        },
        { unlimited: true },
      );
    },
  );

  it.each(richest(cases))(
    'has data or a typed refusal for $form with any one value spoilt',
    async ({ testCase, sent }) => {
      await room.receiving(
        testCase,
        async (receiver) => {
          await receiver.passTo(sent.now ?? testCase.definition.now);
          const bodies = spoiltRequests(sent.request);
          expect(bodies.length).toBeGreaterThan(50);
          for (let at = 0; at < bodies.length; at += 8)
            await Promise.all(
              bodies.slice(at, at + 8).map(async (body) => expectTyped(await receiver.send(sent.request, body), body)),
            );
          // Nothing of it stands in the way of what is right, nor of what is done with it later.
          expectTyped(await receiver.send(sent.request), Buffer.from('the request as it was'));
          await toTheEnd(receiver, testCase);
          await receiver.stored();
        },
        { unlimited: true },
      );
    },
  );
});

const isLimit = ({ response: { status } }: Sent): boolean => status === 429 || status === 503;

/** Of each form of request that is stored the one with the most in it. */
function richest(cases: readonly SentCase[]): { form: string; testCase: SentCase; sent: Sent }[] {
  const found = new Map<string, { form: string; testCase: SentCase; sent: Sent; size: number }>();
  for (const testCase of cases)
    for (const sent of testCase.sent) {
      const { json, ndjson, remoteWrite, path, gzip } = sent.request;
      const what = [json && 'json', ndjson && 'ndjson', remoteWrite && Object.keys(remoteWrite)[0]].find(
        (each) => each,
      );
      if (sent.response.status >= 300 || what === undefined || gzip) continue;
      const form = `${path.split('?')[0]} (${String(what)})`;
      const size = JSON.stringify(json ?? ndjson ?? remoteWrite).length;
      if (size > (found.get(form)?.size ?? 0)) found.set(form, { form, testCase, sent, size });
    }
  return [...found.values()];
}

/** Stored, or refused for good in few words: a sender must neither repeat it for ever nor read a stack trace. */
function expectTyped({ status, text }: SentAnswer, body: Buffer): void {
  const shown = `${status} ${text.slice(0, 2000)} for ${body.subarray(0, 1000).toString('latin1')}`;
  expect([200, 204, 400, 413, 415, 422], shown).toContain(status);
  if (status < 300) return;
  const problem = JSON.parse(text) as { code: string; detail: string };
  expect(problem.code, shown).toMatch(/^(api|source)\//);
  expect(problem.detail.length, shown).toBeLessThan(10_000);
  expect(text, shown).not.toMatch(/\n\s+at |node_modules|\.ts:\d/);
}
