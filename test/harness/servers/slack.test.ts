import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SlackServer, startSlack } from './slack.ts';

describe('a Slack workspace', () => {
  let slack: SlackServer;
  beforeAll(async () => {
    slack = await startSlack();
  });
  afterAll(() => slack?.close());

  it('keeps what was posted, with its metadata', async () => {
    const channel = await slack.channelId('it-value');
    const metadata = { event_type: 'outturn_delivery', event_payload: { delivery_id: 'd-1' } };
    expect(await slack.call('chat.postMessage', { channel, text: 'ROI 42 %', metadata })).toMatchObject({ ok: true });
    const [newest] = await slack.messages(channel);
    expect(newest).toMatchObject({ text: 'ROI 42 %', metadata });
  });

  it('refuses an unknown channel by name', async () => {
    expect(await slack.call('chat.postMessage', { channel: 'C0NOWHERE', text: 'x' })).toMatchObject({
      ok: false,
      error: 'channel_not_found',
    });
  });

  it('says which scope is missing', async () => {
    const narrow = await startSlack({ scopes: ['channels:read'] });
    try {
      const channel = await narrow.channelId('it-value');
      expect(await narrow.call('chat.postMessage', { channel, text: 'x' })).toMatchObject({
        ok: false,
        error: 'missing_scope',
      });
    } finally {
      await narrow.close();
    }
  });
});
