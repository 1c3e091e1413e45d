/** Messenger port: mail by SMTP and Slack by its Web API. Own retries are off in both: the delivery ledger decides. */
import {
  type Clock,
  createRedactor,
  type DeliveryChannel,
  type Logger,
  type MessageRenderer,
  type Messenger,
  PermanentError,
  type Settings,
} from '#kit';
import type { Channel } from './channel.ts';

export interface CheckedMessenger extends Messenger {
  /** Connects to the channel and logs in, sends nothing; throws as `deliver` does. */
  check(channel: DeliveryChannel): Promise<void>;
  close(): Promise<void>;
}

export function createMessenger(options: {
  settings: Settings;
  renderer: MessageRenderer;
  clock: Clock;
  log: Logger;
  /** Right part of Message-IDs; null: that of the sender's address. */
  publicHost: string | null;
}): CheckedMessenger {
  const { settings, renderer, clock, log, publicHost } = options;
  const { smtp, slack } = settings;
  const redactor = createRedactor([smtp?.password ?? '', slack?.token ?? '']);
  const redact = (text: string) => redactor.text(text);
  const channels: Record<DeliveryChannel, Channel | null> = {
    email:
      smtp === null
        ? null
        : lazily(async () => (await loadSmtp()).createMailer({ smtp, renderer, clock, publicHost, redact })),
    slack:
      slack === null ? null : lazily(async () => (await loadSlack()).createSlack({ slack, renderer, log, redact })),
  };
  return {
    deliver: async (message, signal) => configured(channels, message.channel).deliver(message, signal),
    reconcile: async (channel, address, key) => configured(channels, channel).reconcile(address, key),
    check: async (channel) => configured(channels, channel).check(),
    async close() {
      await Promise.all(Object.values(channels).map((channel) => channel?.close()));
    },
  };
}

const loadSmtp = () => import('./smtp.ts');
const loadSlack = () => import('./slack.ts');

/** Loads the libraries of all channels ahead of the first message, while there is time. */
export async function preloadChannels(): Promise<void> {
  await Promise.all([loadSmtp(), loadSlack()]);
}

function configured(channels: Record<DeliveryChannel, Channel | null>, name: DeliveryChannel): Channel {
  const channel = channels[name];
  if (channel !== null) return channel;
  const key = name === 'email' ? 'settings.smtp' : 'settings.slack';
  throw new PermanentError('delivery/rejected', `Nothing can be sent by ${name}: ${key} is not configured`, {
    hint: `Add ${key}, or take the ${name} target out of the subscription.`,
  });
}

/** Opens the channel on first use: most commands send nothing, and the vendors' libraries take long to load. */
function lazily(open: () => Promise<Channel>): Channel {
  let opened: Promise<Channel> | null = null;
  const channel = () => {
    opened ??= open();
    return opened;
  };
  return {
    deliver: async (message, signal) => (await channel()).deliver(message, signal),
    reconcile: async (address, key) => (await channel()).reconcile(address, key),
    check: async () => (await channel()).check(),
    close: async () => (await opened)?.close(),
  };
}
