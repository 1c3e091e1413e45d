import type { z } from 'zod';
import { type Located, nodeAt } from './located.ts';
import type { PathPart } from './problems.ts';

/** What usual fields take: an address, a text, a duration, a date, a number as text, a zone, a currency, a host with port. */
export const USUAL_TEXTS: readonly string[] = [
  'https://secret.invalid',
  'secret-not-known',
  '1h',
  '2026-01-01',
  '1',
  'UTC',
  'EUR',
  'secret.invalid:443',
];

/** Whether an issue is about a text whose secret is not known: then it says nothing about what will be there. */
export function isAboutPending(node: Located, path: readonly PathPart[]): boolean {
  const scalar = nodeAt(node, path);
  return scalar?.type === 'scalar' && scalar.pending;
}

/**
 * The next value to try in place of a secret that is not known, so that everything else can be checked; undefined when the
 * usual ones are used up. `tries`: how often the place was asked for.
 */
export function standIn(issue: z.core.$ZodIssue, tries: number): unknown {
  if (issue.code === 'invalid_value') return issue.values[tries];
  if (issue.code === 'invalid_type' && issue.expected !== 'string')
    return tries > USUAL_TEXTS.length ? undefined : { number: 1, int: 1, boolean: true }[issue.expected as string];
  return USUAL_TEXTS[tries];
}
