import { InvalidArgumentError } from 'commander';
import { nearest, type QueueName, queueNames } from '#kit';

const MOST = 1_000;
const USUAL = 4;
/** Chunks of backfills are big, and are to leave room for live pulls. */
const USUAL_BACKFILL = 1;

/**
 * `8`, `pull=8,backfill=2` or `pull=8,4`: jobs at once for each queue; a bare number is for those that are not named, the
 * queue of backfills excepted. 0 leaves a queue to other workers.
 */
export function parseConcurrency(text: string): Record<QueueName, number> {
  const named: Partial<Record<QueueName, number>> = {};
  let rest: number | undefined;
  for (const part of text.split(',').map((each) => each.trim())) {
    const [, name, digits = ''] = /^(?:([a-z]+)=)?(\d{1,5})$/.exec(part) ?? [];
    const limit = digits === '' ? Number.NaN : Number(digits);
    if (!(limit <= MOST) || (name === undefined && limit < 1))
      throw new InvalidArgumentError(
        `It takes a whole number from 1 to ${MOST}, or such a number for queues: pull=8,backfill=2,4.`,
      );
    if (name === undefined) {
      if (rest !== undefined) throw new InvalidArgumentError('It takes one number without a queue.');
      rest = limit;
      continue;
    }
    const queue = queueNames.find((known) => known === name);
    if (queue === undefined) {
      const meant = nearest(name, queueNames);
      throw new InvalidArgumentError(
        `There is no queue "${name}". ${meant === null ? '' : `Did you mean ${meant}? `}Known: ${queueNames.join(', ')}.`,
      );
    }
    if (named[queue] !== undefined) throw new InvalidArgumentError(`The queue ${queue} is named twice.`);
    named[queue] = limit;
  }
  const limits = Object.fromEntries(
    queueNames.map((name) => [name, named[name] ?? (name === 'backfill' ? USUAL_BACKFILL : (rest ?? USUAL))]),
  ) as Record<QueueName, number>;
  if (Object.values(limits).every((limit) => limit === 0))
    throw new InvalidArgumentError('At least one queue must have a worker.');
  return limits;
}
