import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../ports.ts';
import { type RunningProcess, startProcess } from '../process.ts';
import { temporaryDirectory } from '../temporary.ts';

export interface SlackMessage {
  ts: string;
  text: string;
  blocks?: unknown[];
  metadata?: { event_type: string; event_payload: Record<string, unknown> };
}

export interface SlackServer {
  /** For `settings.slack.apiUrl`, with the slash at its end. */
  apiUrl: string;
  token: string;
  /** Id of a channel by its name. */
  channelId(name: string): Promise<string>;
  /** Newest first, as Slack answers. */
  messages(channelId: string): Promise<SlackMessage[]>;
  /** Calls any method of the Web API with this token. */
  call(method: string, args?: Record<string, unknown>, token?: string): Promise<{ ok: boolean; error?: string }>;
  process: RunningProcess;
  close(): Promise<void>;
}

const defaultScopes = [
  'chat:write',
  'channels:read',
  'channels:history',
  'channels:join',
  'files:read',
  'files:write',
  'users:read',
  'im:write',
  'im:history',
  'im:read',
];

/**
 * Slack's Web API as the package `emulate` speaks it. With fewer `scopes` a call answers `missing_scope`. It validates
 * neither tokens nor blocks and never answers 429.
 */
export async function startSlack({
  channels = ['it-value'],
  scopes = defaultScopes,
}: {
  channels?: readonly string[];
  scopes?: readonly string[];
} = {}): Promise<SlackServer> {
  const directory = await temporaryDirectory('slack');
  const seedFile = join(directory.path, 'seed.yaml');
  const token = 'xoxb-test-outturn';
  await writeFile(
    seedFile,
    JSON.stringify({
      slack: {
        team: { name: 'Example', domain: 'example' },
        strict_scopes: true,
        users: [{ name: 'sponsor', real_name: 'Head of Commerce', email: 'sponsor@example.com' }],
        channels: channels.map((name) => ({ name })),
        bots: [{ name: 'outturn' }],
        tokens: [{ token, user: 'sponsor', scopes }],
      },
    }),
  );
  const port = await freePort();
  const apiUrl = `http://127.0.0.1:${port}/api/`;
  const call: SlackServer['call'] = async (method, args = {}, as = token) => {
    const response = await fetch(apiUrl + method, {
      method: 'POST',
      headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(args),
    });
    return (await response.json()) as { ok: boolean; error?: string };
  };
  const running = await startProcess({
    command: process.execPath,
    args: [
      commandFile(),
      'start',
      '-p',
      String(port),
      '-s',
      'slack',
      '--seed',
      seedFile,
      '--base-url',
      `http://127.0.0.1:${port}`,
    ],
    cwd: directory.path,
    ready: async () => (await call('auth.test')).ok,
  });
  return {
    apiUrl,
    token,
    call,
    process: running,
    async channelId(name) {
      const answer = (await call('conversations.list')) as { ok: boolean; channels?: { id: string; name: string }[] };
      const channel = answer.channels?.find((candidate) => candidate.name === name);
      if (channel === undefined) throw new Error(`no Slack channel ${name}: ${JSON.stringify(answer)}`);
      return channel.id;
    },
    async messages(channelId) {
      const answer = (await call('conversations.history', { channel: channelId, include_all_metadata: true })) as {
        ok: boolean;
        error?: string;
        messages?: SlackMessage[];
      };
      if (!answer.ok) throw new Error(`conversations.history: ${answer.error}`);
      return answer.messages ?? [];
    },
    async close() {
      await running.close();
      await directory.remove();
    },
  };
}

// Its exports name no path that `require.resolve` takes.
const commandFile = (): string =>
  fileURLToPath(new URL('../../../node_modules/emulate/dist/index.js', import.meta.url));
