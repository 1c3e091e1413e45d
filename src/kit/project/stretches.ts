import type { LocalDate } from '../../domain/types.ts';

export interface Stretch {
  from: LocalDate;
  to: LocalDate | undefined;
  index: number;
}

/**
 * Each stretch must end after it starts, and none may overlap another; `other` is the index of the one that is
 * overlapped.
 */
export function checkStretches(
  stretches: readonly Stretch[],
  add: (index: number, end: 'from' | 'to', message: string, other?: number) => void,
  name: (index: number) => string,
): void {
  const proper = stretches.filter(({ from, to, index }) => {
    if (to === undefined || to > from) return true;
    add(index, 'to', `ends on ${to}, which is not after its start on ${from}`);
    return false;
  });
  proper.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : a.index - b.index));
  let widest: Stretch | undefined;
  for (const stretch of proper) {
    if (widest !== undefined && (widest.to === undefined || widest.to > stretch.from)) {
      const until = widest.to === undefined ? 'without an end' : `until ${widest.to}`;
      add(
        stretch.index,
        'from',
        `starts on ${stretch.from}, but overlaps ${name(widest.index)}, which holds from ${widest.from} ${until}`,
        widest.index,
      );
    }
    if (widest === undefined || (widest.to !== undefined && (stretch.to === undefined || stretch.to > widest.to)))
      widest = stretch;
  }
}
