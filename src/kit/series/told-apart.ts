import { PermanentError } from '../errors.ts';
import { labelsKey } from './labels.ts';

type Labels = Readonly<Record<string, string>>;

/** What stands for a series in a message: names that a source sends may be of any length. */
const LONGEST_NAME = 500;

/** The series of one answer, where each comes once: two with the same labels would be one series that jumps. */
export class DistinctSeries {
  readonly #place: string;
  readonly #mend: (labels: Labels) => string;
  readonly #names = new Map<string, string>();

  /** `mend`: what helps the operator to tell the two apart. */
  constructor(place: string, mend: (labels: Labels) => string) {
    this.#place = place;
    this.#mend = mend;
  }

  /** `name`: the series as people know it, with what its labels leave out. Throws `source/bad-shape` for a second one. */
  add(labels: Labels, name: string): void {
    const key = labelsKey(labels);
    const twin = this.#names.get(key);
    const shown = name.slice(0, LONGEST_NAME);
    if (twin !== undefined)
      throw new PermanentError('source/bad-shape', `${this.#place}: ${twin} and ${shown} cannot be told apart`, {
        hint: this.#mend(labels),
      });
    this.#names.set(key, shown);
  }
}

interface SeenPoint {
  /** What tells the series from every other one of the answer, beyond its labels. */
  series: string;
  value: number | null;
}

/**
 * The points of one answer, where each may come more than once. Equal values of two series are no proof that they are the
 * same: of two hosts that had three failures each, one would be lost.
 */
export class DistinctPoints {
  readonly #seen = new Map<string, SeenPoint>();

  /**
   * Whether the point did not come before. `key`: `labelsKey` of its labels. Throws what `clash` makes of the earlier value
   * when another series, or another value of the same one, has the same labels at the same time.
   */
  isNew(key: string, atMs: number, point: SeenPoint, clash: (earlier: number | null) => PermanentError): boolean {
    const at = `${atMs} ${key}`;
    const earlier = this.#seen.get(at);
    if (earlier === undefined) {
      this.#seen.set(at, point);
      return true;
    }
    if (earlier.series !== point.series || earlier.value !== point.value) throw clash(earlier.value);
    return false;
  }
}
