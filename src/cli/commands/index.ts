import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { apply } from './apply.ts';
import { backfill } from './backfill.ts';
import { budgets } from './budgets.ts';
import { check } from './check.ts';
import { connectorNew } from './connector-new.ts';
import { connectors } from './connectors.ts';
import { deliveries } from './deliveries.ts';
import { demo } from './demo.ts';
import { digest } from './digest.ts';
import { discover } from './discover.ts';
import { doctor } from './doctor.ts';
import { explain } from './explain.ts';
import { finance } from './finance.ts';
import { fx } from './fx.ts';
import { jobs } from './jobs.ts';
import { migrate } from './migrate.ts';
import { moved } from './moved.ts';
import { plan } from './plan.ts';
import { portfolio } from './portfolio.ts';
import { processes } from './processes.ts';
import { pull } from './pull.ts';
import { queue } from './queue.ts';
import { recompute } from './recompute.ts';
import { replay } from './replay.ts';
import { restatements } from './restatements.ts';
import { roi } from './roi.ts';
import { schedule } from './schedule.ts';
import { schema } from './schema.ts';
import { secret } from './secret.ts';
import { status } from './status.ts';
import { validate } from './validate.ts';

/** In the order that `--help` lists them. */
export const commands: readonly ((program: Command, io: Io) => void)[] = [
  demo,
  validate,
  secret,
  check,
  discover,
  connectors,
  plan,
  apply,
  processes,
  pull,
  backfill,
  replay,
  recompute,
  roi,
  restatements,
  explain,
  moved,
  portfolio,
  digest,
  status,
  jobs,
  queue,
  deliveries,
  schedule,
  budgets,
  fx,
  finance,
  migrate,
  doctor,
  schema,
  connectorNew,
];
