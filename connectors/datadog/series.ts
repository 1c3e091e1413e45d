import { asRecord, badShapeWith, numberOrNull, shownValue } from '#kit';

/** One series, whichever version answered. */
export interface Series {
  /** `shop:de`; empty when nothing is grouped. */
  tags: string[];
  /** As the source sends it. */
  unit: unknown;
  /** Null: the source does not say. */
  intervalMs: number | null;
  /** Start in milliseconds, and the value; null: there was none. */
  points: [number, number | null][];
}

const LAST_DATE_MS = 8.64e15;
const badShape = badShapeWith('Check that url leads to the API of Datadog.');

/** `data.attributes`: one list of times, one of values for each series. */
export function readSeriesV2(answer: Record<string, unknown>, place: string): Series[] {
  const attributes = asRecord(asRecord(answer['data'])?.['attributes']);
  const { series, times, values } = { ...attributes };
  if (!Array.isArray(series) || !Array.isArray(times) || !Array.isArray(values))
    throw badShape(`${place}: the answer lacks data.attributes.series, times or values`);
  if (values.length !== series.length)
    throw badShape(`${place}: there are ${series.length} series and values of ${values.length}`);
  const starts = times.map((time: unknown, index) => readTime(time, () => `${place}: time ${index + 1}`));
  return series.map((item: unknown, index) => {
    const which = `${place}: series ${index + 1}`;
    const each = asRecord(item);
    const row: unknown = values[index];
    if (each === null || !Array.isArray(row)) throw badShape(`${which} is no series`);
    if (row.length !== starts.length) throw badShape(`${which} has ${row.length} values at ${starts.length} times`);
    return {
      tags: readTags(each['group_tags'], which),
      unit: each['unit'],
      intervalMs: null,
      points: sorted(
        row.map((value: unknown, at) => [starts[at] ?? 0, numberOrNull(value, () => `${which}, value ${at + 1}`)]),
      ),
    };
  });
}

/** `series`: each with its own points and the length of its intervals in seconds. */
export function readSeriesV1(answer: Record<string, unknown>, place: string): Series[] {
  const { series } = answer;
  if (!Array.isArray(series)) throw badShape(`${place}: the answer lacks series`);
  return series.map((item: unknown, index) => {
    const which = `${place}: series ${index + 1}`;
    const each = asRecord(item);
    const points = each?.['pointlist'];
    const interval = each?.['interval'];
    if (each === null || !Array.isArray(points)) throw badShape(`${which} has no pointlist`);
    if (typeof interval !== 'number' || !(interval > 0) || interval > LAST_DATE_MS / 1000)
      throw badShape(`${which}: interval is ${shownValue(interval)}, expected seconds`);
    return {
      tags: readTags(each['tag_set'], which),
      unit: each['unit'],
      intervalMs: Math.round(interval * 1000),
      points: sorted(
        points.map((pair: unknown, at) => {
          if (!Array.isArray(pair) || pair.length !== 2)
            throw badShape(`${which}: point ${at + 1} is ${shownValue(pair)}, expected [time, number]`);
          const place = (): string => `${which}, point ${at + 1}`;
          return [readTime(pair[0], place), numberOrNull(pair[1], place)];
        }),
      ),
    };
  });
}

const sorted = (points: [number, number | null][]): [number, number | null][] => points.sort(([a], [b]) => a - b);

function readTags(value: unknown, place: string): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((tag) => typeof tag === 'string')) return value;
  throw badShape(`${place}: its tags are ${shownValue(value)}, expected a list of texts`);
}

function readTime(value: unknown, place: () => string): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || Math.abs(value) > LAST_DATE_MS)
    throw badShape(`${place()} is ${shownValue(value)}, expected milliseconds`);
  return Math.round(value);
}
