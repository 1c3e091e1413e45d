/** What the parts ask of the outside and of each other: each is implemented by one room of the tree. */
export type * from './ports/backfills.ts';
export type * from './ports/clock-and-log.ts';
export type * from './ports/delivery.ts';
export type * from './ports/extract.ts';
export type * from './ports/files.ts';
export type * from './ports/http.ts';
export type * from './ports/job-ports.ts';
export type * from './ports/metrics.ts';
export type * from './ports/objects.ts';
export type * from './ports/page-parser.ts';
export type * from './ports/pulls.ts';
export type * from './ports/reports.ts';
export type * from './ports/sql.ts';
