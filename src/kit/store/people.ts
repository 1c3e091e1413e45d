import type { DigestThresholds } from '../../domain/digest/condition.ts';
import type { DeliveryChannel, DigestCondition, StakeholderConfig, SubscriptionConfig } from '../config.ts';

interface Kept {
  /** When it left the configuration; null: it is in force. */
  retiredAtMs: number | null;
}
export type StakeholderRow = StakeholderConfig & Kept;
export interface SubscriptionRow extends Kept {
  id: string;
  /** One of the two is null. */
  project: string | null;
  portfolio: string | null;
  /** `address`: of a target that is no stakeholder. */
  targets: { channel: DeliveryChannel; stakeholder: string | null; address: string | null; name: string }[];
  schedule: string | null;
  timeZone: string;
  locale: string;
  when: DigestCondition;
  thresholds: DigestThresholds | null;
  heartbeat: number | null;
}

/** Ids of what an `apply` did. Who or what returns from retirement counts as created. */
export interface PeopleChanges {
  created: string[];
  changed: string[];
  retired: string[];
}

/** Stakeholders and subscriptions as typed rows. The configuration has the truth; these give the past its names. */
export interface PeopleRepository {
  /** Makes the rows what the configuration says; what is not in it is retired, never deleted. Writes nothing where nothing differs. */
  apply(people: {
    stakeholders: readonly StakeholderConfig[];
    subscriptions: readonly SubscriptionConfig[];
  }): Promise<{ stakeholders: PeopleChanges; subscriptions: PeopleChanges }>;
  /** By id; the retired ones only when asked for. */
  stakeholders(options?: { retired?: boolean | undefined }): Promise<StakeholderRow[]>;
  subscriptions(options?: { retired?: boolean | undefined }): Promise<SubscriptionRow[]>;
}
