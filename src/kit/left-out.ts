/** A page of a thousand bad rows must not make a thousand warnings. */
const MOST_PLACES = 5;
/** Names and values that a source sends may be of any length. */
const LONGEST_PLACE = 300;

/** What a parser leaves out, and why: never zero instead, always said. */
export class LeftOut {
  readonly #what: { one: string; many: string };
  readonly #reasons = new Map<string, { count: number; places: string[] }>();

  constructor(what: { one: string; many: string } = { one: 'sample', many: 'samples' }) {
    this.#what = what;
  }

  /** `place`: where it stood, such as `2026-01-31T10:00:00Z of cpu`. Gives null, so that callers can return it. */
  add(reason: string, place: string): null {
    const entry = this.#reasons.get(reason) ?? { count: 0, places: [] };
    entry.count++;
    if (entry.places.length < MOST_PLACES) entry.places.push(place.slice(0, LONGEST_PLACE));
    this.#reasons.set(reason, entry);
    return null;
  }

  warnings(): string[] {
    return [...this.#reasons].map(([reason, { count, places }]) => {
      const more = count > places.length ? ` and ${count - places.length} more` : '';
      return `left out ${count} ${count === 1 ? this.#what.one : this.#what.many}: ${reason} (${places.join('; ')}${more})`;
    });
  }
}
