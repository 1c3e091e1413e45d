import { addDays, daysBetween, later } from '../time/dates.ts';
import type { Deliverable, LocalDate, Project } from '../types.ts';
import type { DeliverableOutput } from '../value/outputs.ts';

/** Days ahead from which on a planned deliverable is due. */
const DUE_WITHIN_DAYS = 30;

/** Where each deliverable stood on a date: a delivery after it was not known of. */
export function deliverablesAt({ deliverables }: Pick<Project, 'deliverables'>, asOf: LocalDate): DeliverableOutput[] {
  return deliverables.map(({ id, name, plannedOn, forecastOn, actualOn }) => {
    const delivered = actualOn !== null && actualOn <= asOf ? actualOn : null;
    const expected = delivered ?? later(forecastOn ?? plannedOn, asOf);
    const state = delivered === null ? openState(plannedOn, asOf) : 'delivered';
    return {
      ...{ id, name, plannedOn, forecastOn, actualOn: delivered, state },
      daysLate: delivered === null && forecastOn === null && plannedOn >= asOf ? 0 : daysBetween(plannedOn, expected),
    };
  });
}

function openState(plannedOn: Deliverable['plannedOn'], asOf: LocalDate): DeliverableOutput['state'] {
  if (plannedOn < asOf) return 'late';
  return plannedOn <= addDays(asOf, DUE_WITHIN_DAYS) ? 'due' : 'planned';
}
