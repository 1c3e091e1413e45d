import { encodeRemoteWrite, packed } from '../../factories/remote-write.ts';
import { pathsOf, replaced } from './mutations.ts';
import type { Sent } from './sent-case.ts';

/** Of a message that has more values or bytes than this only as many are spoilt, spread over it. */
const MOST_PLACES = 24;
/** What senders have sent, or might. */
const ODD_TEXTS = ['', '\0', '\ud800', 'x'.repeat(5_000), '__proto__', '2026-02-30T00:00:00Z', '1e999'];
const ODD_VALUES: readonly unknown[] = [null, 'spoilt', 1e21, 1e300, -1, true, {}, [], undefined, ...ODD_TEXTS];
const ODD_NUMBERS: readonly unknown[] = [-1, 0, 2 ** 53, -(2 ** 62), 'NaN', 'Infinity'];

/** Deeper than a reader that calls itself can go. */
const DEEP = '['.repeat(100_000) + ']'.repeat(100_000);
/** Field 15 begins as a group, in it another one, and so on. */
const NESTED_GROUPS = Buffer.alloc(100_000, (15 << 3) | 3);

/** Bodies of the request with one value of it replaced or removed, and its bytes changed or cut off. */
export function spoiltRequests({ json, ndjson, remoteWrite }: Sent['request']): Buffer[] {
  if (remoteWrite !== undefined) return spoiltMessages(remoteWrite);
  if (ndjson !== undefined) {
    const [first, ...rest] = [...ndjson].sort(byLength);
    const ends = rest.map((row) => `\n${JSON.stringify(row)}`).join('');
    return [...withOddValues(first), '', '{"', 'null', DEEP].map((line) => Buffer.from(`${line}${ends}`));
  }
  const [first, ...rest] = Array.isArray(json) ? [...(json as unknown[])].sort(byLength) : [json];
  const bodies = withOddValues(first).map((row) => `[${[row, ...rest.map((other) => JSON.stringify(other))].join()}]`);
  const body = JSON.stringify(json);
  const cuts = [1, Math.floor(body.length / 2), body.length - 1].map((at) => body.slice(0, at));
  return [...bodies, ...cuts, 'null', '[[]]', '{"measurements":{}}', DEEP].map((text) => Buffer.from(text));
}

/** The row with the most in it first. */
const byLength = (a: unknown, b: unknown): number => JSON.stringify(b).length - JSON.stringify(a).length;

const withOddValues = (row: unknown): string[] =>
  pathsOf(row).flatMap((path) => ODD_VALUES.map((odd) => JSON.stringify(replaced(row, path, () => odd))));

function leavesOf(value: unknown): (string | number)[][] {
  const all = pathsOf(value);
  const isLeaf = (path: (string | number)[]): boolean =>
    !all.some((other) => other.length > path.length && path.every((key, index) => other[index] === key));
  return everyFew(all.filter(isLeaf), MOST_PLACES);
}

function everyFew<T>(all: readonly T[], most: number): T[] {
  const stride = Math.max(1, Math.ceil(all.length / most));
  return all.filter((_, index) => index % stride === 0);
}

/** Of a message its values, as far as the definition lets them be written, and its bytes before and after they are packed. */
function spoiltMessages(remoteWrite: NonNullable<Sent['request']['remoteWrite']>): Buffer[] {
  const [[message, fields] = []] = Object.entries(remoteWrite);
  const encode = (changed: unknown): Buffer =>
    encodeRemoteWrite(message as Parameters<typeof encodeRemoteWrite>[0], changed);
  const changed = leavesOf(fields).flatMap((path) =>
    [...ODD_TEXTS, ...ODD_NUMBERS, undefined].flatMap((odd) => {
      try {
        return [packed(encode(replaced(fields, path, () => odd)))];
      } catch {
        // The message cannot hold such a value.
        return [];
      }
    }),
  );
  const bytes = encode(fields);
  return [...changed, ...damaged(bytes).map(packed), ...damaged(packed(bytes)), packed(NESTED_GROUPS)];
}

function damaged(bytes: Buffer): Buffer[] {
  return everyFew([...bytes.keys()], MOST_PLACES).flatMap((at) => [
    bytes.subarray(0, at),
    ...[0, 0xff, (bytes[at] ?? 0) ^ 1].map((byte) =>
      Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), bytes.subarray(at + 1)]),
    ),
  ]);
}
