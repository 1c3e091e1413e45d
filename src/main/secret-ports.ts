import { type DeliveryChannel, PermanentError, type PullRunner, type Settings } from '#kit';
import type { CheckedMessenger } from '#src/delivery/index';

/** Each pull begins with the secrets as they are then. */
export function withFreshSecrets(pulls: PullRunner, refresh: () => Promise<void>): PullRunner {
  return {
    run: async (request, context) => {
      await refresh();
      return await pulls.run(request, context);
    },
    dryRun: async (request, context) => {
      await refresh();
      return await pulls.dryRun(request, context);
    },
    preview: (request) => pulls.preview(request),
  };
}

/** A channel with a secret that cannot be had fails what is sent there, and nothing else. */
export function readableChannels(messenger: CheckedMessenger, { unreadable }: Settings): CheckedMessenger {
  if (unreadable === undefined) return messenger;
  const require = (channel: DeliveryChannel): void => {
    const reason = unreadable[channel];
    if (reason !== undefined) throw new PermanentError(reason.code, reason.message, { hint: reason.hint });
  };
  return {
    deliver: async (message, signal) => {
      require(message.channel);
      return await messenger.deliver(message, signal);
    },
    reconcile: async (channel, address, key) => {
      require(channel);
      return await messenger.reconcile(channel, address, key);
    },
    check: async (channel) => {
      require(channel);
      await messenger.check(channel);
    },
    close: () => messenger.close(),
  };
}
