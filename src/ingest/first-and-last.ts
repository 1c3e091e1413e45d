/** The first and the last `most` of what is added, however much that is. */
export class FirstAndLast<T> {
  readonly #most: number;
  readonly #first: T[] = [];
  #last: T[] = [];
  #count = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(items: readonly T[]): void {
    const room = this.#most - this.#first.length;
    this.#first.push(...items.slice(0, room));
    this.#last = [...this.#last, ...items.slice(room).slice(-this.#most)].slice(-this.#most);
    this.#count += items.length;
  }

  /** Of all that was added. */
  get count(): number {
    return this.#count;
  }
  /** In their order; nothing is in it twice. */
  get items(): T[] {
    return [...this.#first, ...this.#last];
  }
}
