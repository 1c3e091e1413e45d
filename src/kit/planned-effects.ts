import type { PlannedEffect } from './job.ts';
import type { DeliveryRow } from './store/index.ts';

/** What sending this delivery now would come to: what was sent stays sent, what may have arrived is looked up first. */
export function messageEffect(delivery: DeliveryRow): PlannedEffect {
  const { channel, address, state, messageId, id } = delivery;
  const effect = `message to ${address} by ${channel === 'email' ? 'e-mail' : 'Slack'}`;
  switch (state) {
    case 'sent':
      return { effect, state: 'done', detail: `sent as ${messageId}; it is not sent again` };
    case 'unknown':
    case 'sending':
      return {
        effect,
        state: 'unknown',
        detail:
          channel === 'email'
            ? `it may have arrived, and e-mail cannot tell: ask the recipient, then \`outturn deliveries settle ${id.slice(0, 8)} --sent\` or \`--not-sent\``
            : 'it may have arrived: Slack is asked first, and it is sent only if it is not there',
      };
    default:
      return { effect, state: 'to-do', detail: null };
  }
}
