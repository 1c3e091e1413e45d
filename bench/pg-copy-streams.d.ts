declare module 'pg-copy-streams' {
  import type { Writable } from 'node:stream';
  import type { Submittable } from 'pg';
  /** `COPY … FROM STDIN`: what is written to it is the data. */
  export function from(statement: string): Writable & Submittable;
}
