import { describe, expect, it } from 'vitest';
import { readSourceSignal } from './source-signal.ts';

const nowMs = Date.parse('2026-11-23T09:00:00Z');
const read = (status: number, headers: Record<string, string>) => readSourceSignal({ status, headers }, nowMs);
const nothing = { refused: false, pauseMs: null, pauseReason: null, perMinute: null };

describe('what a source says about its limits', () => {
  it.each<[string, number, Record<string, string>, object | null]>([
    ['an answer without a word', 200, { 'content-type': 'text/plain' }, null],
    ['plenty left', 200, { 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '4999' }, null],
    ['429 alone', 429, {}, { refused: true }],
    [
      '429 with Retry-After (Slack)',
      429,
      { 'retry-after': '30' },
      { refused: true, pauseMs: 30_000, pauseReason: '429 with Retry-After' },
    ],
    ['429 with Retry-After: 0', 429, { 'retry-after': '0' }, { refused: true }],
    [
      '503 with Retry-After',
      503,
      { 'retry-after': 'Mon, 23 Nov 2026 09:02:00 GMT' },
      { pauseMs: 120_000, pauseReason: '503 with Retry-After' },
    ],
    ['503 alone', 503, {}, null],
    ['403 as any other', 403, {}, null],
    [
      '403 with nothing left (GitHub)',
      403,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(nowMs / 1000 + 600), 'x-ratelimit-limit': '5000' },
      { refused: true, pauseMs: 600_000, pauseReason: 'x-ratelimit-remaining says that nothing is left' },
    ],
    [
      'the last one allowed, by a clock that is an hour ahead',
      200,
      {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(nowMs / 1000 + 3_660),
        date: 'Mon, 23 Nov 2026 10:00:00 GMT',
      },
      { pauseMs: 60_000, pauseReason: 'x-ratelimit-remaining says that nothing is left' },
    ],
    [
      'Retry-After and a counter that disagree',
      429,
      { 'retry-after': '5', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '60' },
      { refused: true, pauseMs: 5_000, pauseReason: '429 with Retry-After' },
    ],
    [
      'a limit with its period, nothing left until its end (Datadog)',
      429,
      {
        'x-ratelimit-limit': '100',
        'x-ratelimit-period': '30',
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': '17',
        'x-ratelimit-name': 'batch_query',
      },
      {
        refused: true,
        perMinute: 200,
        pauseMs: 17_000,
        pauseReason: 'x-ratelimit-remaining says that nothing is left',
      },
    ],
    [
      'an instant in microseconds (Dynatrace)',
      429,
      { 'x-ratelimit-limit': '50', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String((nowMs + 20_000) * 1000) },
      { refused: true, pauseMs: 20_000, pauseReason: 'x-ratelimit-remaining says that nothing is left' },
    ],
    [
      'a reset in words',
      200,
      { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1m30.5s' },
      { pauseMs: 90_500, pauseReason: 'x-ratelimit-remaining-requests says that nothing is left' },
    ],
    [
      'a limit for each minute (Kong)',
      200,
      { 'x-ratelimit-limit-minute': '20', 'x-ratelimit-remaining-minute': '7' },
      { perMinute: 20 },
    ],
    [
      'nothing left of a minute, without a reset',
      200,
      { 'x-ratelimit-limit-minute': '20', 'x-ratelimit-remaining-minute': '0' },
      { perMinute: 20, pauseMs: 60_000, pauseReason: 'x-ratelimit-remaining-minute says that nothing is left' },
    ],
    [
      'draft 10 of RateLimit',
      200,
      { ratelimit: '"burst";r=0;t=7', 'ratelimit-policy': '"burst";q=10;w=10, "daily";q=1000;w=86400' },
      { perMinute: 60, pauseMs: 7_000, pauseReason: 'RateLimit says that nothing is left' },
    ],
    [
      'draft 7 of RateLimit',
      200,
      { ratelimit: 'limit=100, remaining=0, reset=20', 'ratelimit-policy': '100;w=60' },
      { perMinute: 100, pauseMs: 20_000, pauseReason: 'RateLimit says that nothing is left' },
    ],
    [
      'draft 6 of RateLimit',
      200,
      { 'ratelimit-limit': '100, 100;w=30', 'ratelimit-remaining': '3', 'ratelimit-reset': '12' },
      { perMinute: 200 },
    ],
    [
      'nothing left, nobody says until when (Dynamics)',
      200,
      { 'x-ms-ratelimit-burst-remaining-xrm-requests': '0', 'x-ms-ratelimit-time-remaining-xrm-requests': '900' },
      { refused: true },
    ],
    [
      'a name of its own for Retry-After (Azure)',
      429,
      { 'x-ms-ratelimit-microsoft.costmanagement-entity-retry-after': '40' },
      { refused: true, pauseMs: 40_000, pauseReason: '429 with Retry-After' },
    ],
    [
      'throttling of AWS, beside a 400',
      400,
      { 'x-amzn-errortype': 'ThrottlingException:http://internal.amazon.com/coral/com.amazon.coral.availability/' },
      { refused: true },
    ],
    ['throttling of older services of AWS', 400, { 'x-amzn-query-error': 'Throttling;Sender' }, { refused: true }],
    [
      'another error of AWS',
      400,
      { 'x-amzn-errortype': 'ValidationException', 'x-amzn-query-error': 'x;Sender' },
      null,
    ],
    [
      'rubbish',
      200,
      { ratelimit: ';;,=,"', 'x-ratelimit-remaining': 'none', 'x-ratelimit-reset': 'soon', 'ratelimit-policy': 'q' },
      null,
    ],
    ['a negative remainder', 200, { 'x-ratelimit-remaining': '-1', 'x-ratelimit-reset': '-5' }, null],
  ])('%s', (_what, status, headers, expected) => {
    expect(read(status, headers)).toEqual(expected === null ? null : { ...nothing, ...expected });
  });
});
