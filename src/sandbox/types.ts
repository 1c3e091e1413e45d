import type { Logger } from '#kit';
import type { StoryDates } from './calendar.ts';

export type SandboxSecret = 'prometheus' | 'odata' | 'smtp' | 'slack';

export interface Sandbox {
  prometheusUrl: string;
  /** Service root of OData V4. */
  odataUrl: string;
  /** Folder of the reference rates. */
  ecbUrl: string;
  smtpPort: number;
  /** With the slash at its end. */
  slackApiUrl: string;
  username: string;
  /** Files that hold one secret each, readable by their owner alone; new at every start. */
  secretFiles: Readonly<Record<SandboxSecret, string>>;
  channel: { id: string; name: string };
  /** Where received mails lie, one `.eml` each. */
  mailDirectory: string;
  /** Where Slack messages lie, as JSON and as a page. */
  slackDirectory: string;
  dates: StoryDates;
  /** How often each Message-ID was received by this run. */
  mailsByMessageId(): ReadonlyMap<string, number>;
  close(): Promise<void>;
}

export interface SandboxOptions {
  /** The history ends at the last full hour before; the same day gives the same data. */
  nowMs: number;
  /** For what is received; kept from run to run. */
  directory: string;
  log: Logger;
}
