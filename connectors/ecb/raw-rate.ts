import type { LocalDate } from '#domain';

/** A rate as the file has it, with the place where it stands. */
export interface RawRate {
  date: LocalDate;
  currency: string;
  rate: string;
  place: string;
}
