import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type HttpClient, type HttpResponse, PermanentError, RetryableError } from '#kit';
import { patientHttp } from './patient-http.ts';

const answer = { status: 200, body: '{}' } as HttpResponse;
const busy = (retryAfterMs?: number) => new RetryableError('source/server-error', 'busy', { retryAfterMs });

/** A source that answers as told, one after the other, and then well. */
function source(...answers: Error[]): { http: HttpClient; asked(): number } {
  let asked = 0;
  return {
    http: {
      request: async () => {
        asked++;
        const next = answers.shift();
        if (next !== undefined) throw next;
        return answer;
      },
    },
    asked: () => asked,
  };
}

describe('an answer that may be better in a moment', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const signal = new AbortController().signal;
  const outcome = async (http: HttpClient, until = signal): Promise<unknown> => {
    const asked = patientHttp(http, until)
      .request({ url: 'x' })
      .catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    return await asked;
  };

  it('is asked for again where the pull stands', async () => {
    const { http, asked } = source(busy(), new RetryableError('source/unreachable', 'reset'));
    expect(await outcome(http)).toBe(answer);
    expect(asked()).toBe(3);
  });

  it('is given up after the third refusal, as it came', async () => {
    const third = busy();
    const { http, asked } = source(busy(), busy(), third, busy());
    expect(await outcome(http)).toBe(third);
    expect(asked()).toBe(3);
  });

  it('waits as long as the source says, and leaves a long wait to the job', async () => {
    const { http } = source(busy(3_000));
    const asked = patientHttp(http, signal).request({ url: 'x' });
    await vi.advanceTimersByTimeAsync(2_999);
    const state = await Promise.race([asked.then(() => 'done'), Promise.resolve('waits')]);
    expect(state).toBe('waits');
    await vi.advanceTimersByTimeAsync(1);
    expect(await asked).toBe(answer);
    const long = busy(60_000);
    const patient = source(long);
    expect(await outcome(patient.http)).toBe(long);
    expect(patient.asked()).toBe(1);
  });

  it('once something was answered, waits the minute that sources usually ask for, and tells for how long', async () => {
    const answers: (Error | null)[] = [null, busy(60_000), null, busy(91_000)];
    const told: string[] = [];
    const patient = patientHttp(
      {
        request: async () => {
          const next = answers.shift();
          if (next instanceof Error) throw next;
          return answer;
        },
      },
      signal,
      ({ message }, waitMs) => {
        told.push(`${message} ${waitMs}`);
        return () => void told.push('over');
      },
    );
    const ask = async (): Promise<unknown> => {
      const asked = patient.request({ url: 'x' }).catch((error: unknown) => error);
      await vi.runAllTimersAsync();
      return await asked;
    };
    expect([await ask(), await ask()]).toEqual([answer, answer]);
    expect(told).toEqual(['busy 60000', 'over']);
    expect(await ask()).toMatchObject({ retryAfterMs: 91_000 });
    expect(told).toHaveLength(2);
  });

  it.each([
    new PermanentError('source/forbidden', 'no'),
    new RetryableError('source/partial', 'cut'),
    new Error('of another make'),
  ])('%s is not', async (error) => {
    const { http, asked } = source(error);
    expect(await outcome(http)).toBe(error);
    expect(asked()).toBe(1);
  });

  it('ends its wait when it is cancelled', async () => {
    const stop = new AbortController();
    const asked = patientHttp(source(busy(10_000)).http, stop.signal).request({ url: 'x' });
    const settled = expect(asked).rejects.toThrow('stopped');
    await vi.advanceTimersByTimeAsync(10);
    stop.abort(new Error('stopped'));
    await settled;
  });
});
