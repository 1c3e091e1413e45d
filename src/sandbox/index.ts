/** The demo's sources and sinks on loopback, in the vendors' real protocols, with half a year of history. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { atDate, storyDates, weekday } from './calendar.ts';
import { counters } from './counters.ts';
import { ecbPath, referenceRates, startEcbServer } from './ecb-server.ts';
import { basic } from './http.ts';
import { projectCosts, serviceHours } from './ledger.ts';
import type { EntityType, Row } from './odata-filter.ts';
import { servicePath, startODataServer } from './odata-server.ts';
import { startPrometheusServer } from './prometheus-server.ts';
import { startSlackSink } from './slack-sink.ts';
import { startSmtpSink } from './smtp-sink.ts';
import type { Sandbox, SandboxOptions, SandboxSecret } from './types.ts';

export { sandboxConfigYaml } from './config-yaml.ts';

export type { Sandbox, SandboxOptions } from './types.ts';

const username = 'outturn';
/** Small, so that even a demo turns pages. */
const odataPageSize = 50;

const projectCostType: EntityType = {
  name: 'ProjectCosts',
  keys: ['DocumentNo', 'Item'],
  properties: {
    DocumentNo: 'Edm.String',
    Item: 'Edm.Int32',
    WbsElement: 'Edm.String',
    CompanyCode: 'Edm.String',
    CostElement: 'Edm.String',
    CostElementName: 'Edm.String',
    ValueType: 'Edm.String',
    Amount: 'Edm.Decimal',
    Currency: 'Edm.String',
    PostingDate: 'Edm.Date',
    ReversedDocument: 'Edm.String',
    Text: 'Edm.String',
    CreatedAt: 'Edm.DateTimeOffset',
  },
};
const serviceHourType: EntityType = {
  name: 'ServiceHours',
  keys: ['EntryNo'],
  properties: {
    EntryNo: 'Edm.String',
    WorkDate: 'Edm.Date',
    Team: 'Edm.String',
    WbsElement: 'Edm.String',
    Hours: 'Edm.Decimal',
    ChangedAt: 'Edm.DateTimeOffset',
  },
};

/** Starts all five on free ports of 127.0.0.1. Nothing but the received messages outlives `close`. */
export async function startSandbox({ nowMs, directory, log }: SandboxOptions): Promise<Sandbox> {
  const dates = storyDates(nowMs, await startOfStory(directory, nowMs));
  const mailDirectory = join(directory, 'mail');
  const slackDirectory = join(directory, 'slack');
  const { secrets, files } = await writeSecrets(resolve(directory, 'secrets'));
  const channel = { id: 'C0ITVALUE', name: 'it-value' };
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(closers.splice(0).map((closeOne) => closeOne()));
  };
  // A wall clock of its own, as every real server has.
  const wallClockMs = (): number => Date.now();
  const opened = <T extends { close(): Promise<void> }>(server: T): T => {
    closers.push(server.close);
    return server;
  };
  try {
    const prometheus = opened(
      await startPrometheusServer({
        counters: counters(dates),
        authorization: basic(username, secrets.prometheus),
        nowMs: wallClockMs,
      }),
    );
    const odata = opened(
      await startODataServer({
        entitySets: {
          ProjectCosts: { type: projectCostType, rows: projectCosts(dates).map(asRow) },
          ServiceHours: { type: serviceHourType, rows: serviceHours(dates).map(asRow) },
        },
        authorization: basic(username, secrets.odata),
        pageSize: odataPageSize,
      }),
    );
    const ecb = opened(await startEcbServer({ rates: referenceRates(dates) }));
    const smtp = opened(await startSmtpSink({ directory: mailDirectory, username, password: secrets.smtp, log }));
    const slack = opened(
      await startSlackSink({
        directory: slackDirectory,
        token: secrets.slack,
        channels: [channel],
        nowMs: wallClockMs,
        log,
      }),
    );
    log.debug({ mailDirectory, slackDirectory }, 'the sandbox is up');
    return {
      prometheusUrl: prometheus.url,
      odataUrl: odata.url + servicePath,
      ecbUrl: ecb.url + ecbPath,
      smtpPort: smtp.port,
      slackApiUrl: slack.apiUrl,
      username,
      secretFiles: files,
      channel,
      mailDirectory,
      slackDirectory,
      dates,
      mailsByMessageId: smtp.received,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The first start is kept: what was frozen at it stays true when the month changes. */
async function startOfStory(directory: string, nowMs: number): Promise<string> {
  const file = join(directory, 'starts-on');
  const { startsOn } = storyDates(nowMs);
  await mkdir(directory, { recursive: true });
  const kept = (await readFile(file, 'utf8').catch(() => '')).trim();
  const isMonday = /^\d{4}-\d{2}-\d{2}$/.test(kept) && weekday(atDate(kept)) === 0;
  if (isMonday && kept <= startsOn) return kept;
  await writeFile(file, `${startsOn}\n`);
  return startsOn;
}

/** An interface is no index signature: the same cells, as a row. */
const asRow = (row: object): Row => Object.fromEntries(Object.entries(row));

async function writeSecrets(
  directory: string,
): Promise<{ secrets: Record<SandboxSecret, string>; files: Record<SandboxSecret, string> }> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const random = (prefix = ''): string => prefix + randomBytes(18).toString('hex');
  const secrets = { prometheus: random(), odata: random(), smtp: random(), slack: random('xoxb-sandbox-') };
  const at = (name: SandboxSecret): string => join(directory, name);
  const files = { prometheus: at('prometheus'), odata: at('odata'), smtp: at('smtp'), slack: at('slack') };
  for (const name of ['prometheus', 'odata', 'smtp', 'slack'] as const) {
    await writeFile(files[name], `${secrets[name]}\n`, { mode: 0o600 });
    // The mode above is for a new file only.
    await chmod(files[name], 0o600);
  }
  return { secrets, files };
}
