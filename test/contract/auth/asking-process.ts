/** A process of the fleet that asks a source whenever its parent says so: `fork` it with a `Setting` as its argument. */
import { randomUUID } from 'node:crypto';
import { asOutturnError, type ConnectorConfig, createRedactor } from '#kit';
import { createSecretBox, readKeys } from '#src/auth/index';
import { createFetchFactory, createLocalBudgets } from '#src/fetch/index';
import { openStore } from '#src/store/index';
import { silentLog } from '../../harness/silent-log.ts';

export interface Setting {
  databaseUrl: string;
  key: string;
  connector: ConnectorConfig;
}

const { databaseUrl, key, connector }: Setting = JSON.parse(process.argv[2] ?? '');
const clock = { nowMs: () => Date.now() };
const [first, ...more] = await readKeys({ OUTTURN_KEY: key });
if (first === undefined) throw new Error('no key');
const store = await openStore({
  url: databaseUrl,
  resolver: { resolve: ({ args }) => ({ version: 1, queue: 'pull', args, dedupeKey: null, priority: 'normal' }) },
  clock,
  newId: randomUUID,
  log: silentLog,
  applicationName: 'outturn test',
});
const factory = createFetchFactory({
  redactor: createRedactor(),
  log: silentLog,
  clock,
  budgets: createLocalBudgets(clock),
  tokens: { store: store.tokens, box: createSecretBox([first, ...more]) },
});
process.on('message', (times: number) => {
  const ask = async (): Promise<unknown> => {
    const response = await factory.client(connector, new AbortController().signal).request({ url: 'resource' });
    return response.json();
  };
  const work = Array.from({ length: times }, () => ask().catch((thrown: unknown) => asOutturnError(thrown).message));
  void Promise.all(work).then((answers) => process.send?.(answers));
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
