import type { PathPart, Place } from './problems.ts';

/** A YAML value that remembers where it stands, references in it resolved. */
export type Located = LocatedScalar | LocatedMap | LocatedList;

export interface LocatedScalar {
  type: 'scalar';
  place: Place;
  /** Null where nothing was written. */
  value: string | number | boolean | null;
  /** What stands in the file: shown instead of the value when that came from outside. */
  source: string;
  /** Some of the text came out of `${env:}`, `${file:}` or `${secret:}`. */
  interpolated: boolean;
  /** May be read as a number or a truth value where the field wants one. */
  coercible: boolean;
  /** A reference in it failed, which was reported: nothing more is to be said about the value. */
  unresolved: boolean;
  /** A secret in it is not known: nothing can be said about the value, neither good nor bad. */
  pending: boolean;
}
export interface LocatedEntry {
  key: string;
  keyPlace: Place;
  value: Located;
}
export interface LocatedMap {
  type: 'map';
  place: Place;
  entries: Map<string, LocatedEntry>;
}
export interface LocatedList {
  type: 'list';
  place: Place;
  items: Located[];
}

export const isEmpty = (node: Located): boolean => node.type === 'scalar' && node.value === null;

/** The plain value. A key with nothing behind it counts as not written, as when all below it is commented out. */
export function plain(node: Located): unknown {
  switch (node.type) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(plain);
    case 'map': {
      // `__proto__` was refused when the file was read; fromEntries defines own properties in any case.
      const kept = [...node.entries.values()].filter((entry) => !isEmpty(entry.value));
      return Object.fromEntries(kept.map((entry) => [entry.key, plain(entry.value)]));
    }
  }
}

/** The node at a path, undefined where the path leaves what was written. */
export function nodeAt(root: Located, path: readonly PathPart[]): Located | undefined {
  let node: Located | undefined = root;
  for (const part of path) {
    if (node?.type === 'map') node = node.entries.get(String(part))?.value;
    else if (node?.type === 'list' && typeof part === 'number') node = node.items[part];
    else return undefined;
  }
  return node;
}

/** The place of a path's value, or of the nearest thing around it that was written. */
export function placeAt(root: Located, path: readonly PathPart[]): Place {
  for (let length = path.length; length > 0; length -= 1) {
    const node = nodeAt(root, path.slice(0, length));
    if (node !== undefined) return node.place;
  }
  return root.place;
}

/** The place of a key itself. */
export function keyPlaceAt(root: Located, path: readonly PathPart[], key: string): Place {
  const parent = nodeAt(root, path);
  return (parent?.type === 'map' ? parent.entries.get(key)?.keyPlace : undefined) ?? placeAt(root, path);
}

/** Keys with a value behind them. */
export function writtenKeys(node: Located | undefined): string[] {
  if (node?.type !== 'map') return [];
  return [...node.entries.values()].filter((entry) => !isEmpty(entry.value)).map((entry) => entry.key);
}

/** The text at a path, if a text stands there. */
export function textAt(root: Located, path: readonly PathPart[]): string | undefined {
  const node = nodeAt(root, path);
  return node?.type === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
}

/** Paths of texts with a reference that failed. */
export function unresolvedPaths(node: Located, path: readonly PathPart[] = []): PathPart[][] {
  if (node.type === 'scalar') return node.unresolved ? [[...path]] : [];
  const children: [PathPart, Located][] =
    node.type === 'list' ? [...node.items.entries()] : [...node.entries.values()].map(({ key, value }) => [key, value]);
  return children.flatMap(([part, child]) => unresolvedPaths(child, [...path, part]));
}
