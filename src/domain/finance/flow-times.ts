import type { FlowTiming } from '../types.ts';

/**
 * How index i of a list of flows is placed in time. `npv0`: index 0 is time zero. `tei`: index 0 is the initial column,
 * the others are years. `excel`: every flow at its period's end, the first too (Excel's NPV). `green-book`: year 0
 * undiscounted, HM Treasury's declining rates. `servicenow`: the first period undiscounted.
 */
export type FlowConvention = 'npv0' | 'excel' | 'tei' | 'green-book' | 'servicenow';

/** What a convention lets one choose; the first is what it means by itself. */
const TIMINGS = {
  npv0: ['start', 'mid', 'end'],
  excel: ['end', 'mid', 'start'],
  tei: ['end', 'mid', 'start'],
  'green-book': ['start', 'mid'],
  servicenow: ['start'],
} as const satisfies Record<FlowConvention, readonly FlowTiming[]>;

export function timingsOf(convention: FlowConvention): readonly FlowTiming[] {
  return TIMINGS[convention];
}

const HALF_PERIODS = { start: 0, mid: 1, end: 2 } as const;

/** Time of index i in half periods. */
export function halfPeriodsAt(convention: FlowConvention, timing: FlowTiming | undefined, index: number): number {
  const within = HALF_PERIODS[timing ?? TIMINGS[convention][0]];
  if (convention === 'tei') return index === 0 ? 0 : 2 * (index - 1) + within;
  return 2 * index + within;
}
