import { describe, expect, it } from 'vitest';
import { RetryableError } from '#kit';
import { budget } from '../../test/factories/budget.ts';
import { clientFor, connector, factoryAt, failure, json, listen, serve } from '../../test/factories/http-source.ts';

describe('cancelling', () => {
  it('ends a request that waits for its turn, and gives the typed reason on', async () => {
    const url = await serve(() => {});
    const controller = new AbortController();
    const factory = factoryAt();
    const settings = connector(url, { budget: budget({ concurrency: 1 }) });
    const first = new AbortController();
    const running = failure(factory.client(settings, first.signal).request({ url: 'x' }));
    const waiting = failure(factory.client(settings, controller.signal).request({ url: 'x' }));
    controller.abort(new RetryableError('queue/timeout', 'the job took too long'));
    expect((await waiting).code).toBe('queue/timeout');
    first.abort();
    expect((await running).code).toBe('queue/cancelled');
  });
});

describe('the budget', () => {
  it('counts each hop and each repetition: the source counts them as well', async () => {
    let asked = 0;
    const url = await serve((request, response) => {
      asked += 1;
      if (request.url === '/x') response.writeHead(302, { location: '/y' }).end();
      else response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
    const client = clientFor(url, { budget: budget({ requestsPerDay: 3 }) });
    await client.request({ url: 'x' });
    const error = await failure(client.request({ url: 'x' }));
    expect(error).toMatchObject({ code: 'source/rate-limited', message: expect.stringContaining('daily quota of 3') });
    expect(asked).toBe(3);
  });

  it('hears what the source says, and asks no more until then', async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked += 1;
      response.writeHead(429, { 'retry-after': '600' }).end('slow down');
    });
    const factory = factoryAt();
    const ask = (id: string) =>
      failure(
        factory
          .client({ ...connector(url, { budget: budget({ account: 'shared' }) }), id }, new AbortController().signal)
          .request({ url: 'x' }),
      );
    expect(await ask('shop')).toMatchObject({ code: 'source/rate-limited', retryAfterMs: 600_000 });
    const error = await ask('another');
    expect(error).toMatchObject({ code: 'source/rate-limited', retryAfterMs: 600_000 });
    expect(error.message).toContain('account shared: the source has asked to be left alone');
    expect(asked).toBe(1);
  });

  it('takes a 403 of a limit that is used up for what it is', async () => {
    const url = await serve((_request, response) =>
      response.writeHead(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '120' }).end('API rate limit'),
    );
    const error = await failure(clientFor(url).request({ url: 'x' }));
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ code: 'source/rate-limited', retryAfterMs: 120_000 });
    expect(error.message).toContain('answered 403 (API rate limit)');
  });

  it('does not listen to a host that the source only redirects to', async () => {
    const other = await serve((_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json', ratelimit: '"x";r=0;t=3600' }).end('{}'),
    );
    const url = await serve((_request, response) => response.writeHead(302, { location: other }).end());
    const client = clientFor(url, { allowPrivateRedirects: true });
    await client.request({ url: 'x' });
    expect((await client.request({ url: 'x' })).status).toBe(200);
  });
});
