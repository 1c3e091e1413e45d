export interface SlackMessage {
  type: 'message';
  subtype?: string;
  user: string;
  bot_id?: string;
  text: string;
  /** Seconds with six decimals: identifies the message in its channel. */
  ts: string;
  blocks?: unknown[];
  metadata?: unknown;
  files?: unknown[];
}

export interface SlackFile {
  id: string;
  name: string;
  title: string;
  altText: string | null;
  bytes: number;
  uploaded: boolean;
}
