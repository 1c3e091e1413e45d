/** Numbers in [0, 1) that depend on the key alone: the same on every machine and in every run. */
export function seeded(key: string): () => number {
  // FNV-1a over UTF-16 units as seed of mulberry32; neither is for secrets.
  let state = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) state = Math.imul(state ^ key.charCodeAt(index), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** About normally distributed around 0 with standard deviation 1 (sum of twelve), never beyond ±6. */
export function normal(random: () => number): number {
  let sum = 0;
  for (let count = 0; count < 12; count++) sum += random();
  return sum - 6;
}
