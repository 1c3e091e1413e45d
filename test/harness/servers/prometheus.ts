import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programOf } from '../packages.ts';
import { freePort } from '../ports.ts';
import { type RunningProcess, startProcess } from '../process.ts';
import { temporaryDirectory } from '../temporary.ts';

const run = promisify(execFile);

export interface PrometheusServer {
  url: string;
  process: RunningProcess;
  /** Values of an instant query now, for conditions to poll on. */
  query(expression: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]>;
  /** Ends it as an operator would and starts it again on the same data and port. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface PrometheusOptions {
  /** `host:port` each, scraped every `scrapeIntervalMs`. */
  scrapeTargets?: readonly string[];
  scrapeIntervalMs?: number;
  /** Where it sends what it scrapes, at once and again soon after a failure. */
  remoteWrite?: { url: string; token: string };
  /** OpenMetrics text with time stamps in seconds, ending in `# EOF`: there from the first moment. */
  history?: string;
  /** Prometheus' web configuration file (YAML): TLS, basic auth with bcrypt hashes. */
  webConfig?: string;
  /** PEM file of the authority of the certificate that `webConfig` names: the server then speaks TLS. */
  caFile?: string;
  /** Credentials for the harness' own questions when `webConfig` asks for them. */
  credentials?: { username: string; password: string };
}

/** One gauge or counter as OpenMetrics text; several are joined by `openMetrics`. */
export interface HistorySeries {
  name: string;
  type: 'gauge' | 'counter';
  help?: string;
  series: readonly { labels: Record<string, string>; points: readonly { atMs: number; value: number }[] }[];
}

/** OpenMetrics text of these series, as `promtool tsdb create-blocks-from openmetrics` reads it. Counter names end in `_total`. */
export function openMetrics(families: readonly HistorySeries[]): string {
  const lines: string[] = [];
  for (const family of families) {
    const name = family.type === 'counter' ? family.name.replace(/_total$/, '') : family.name;
    if (family.help !== undefined) lines.push(`# HELP ${name} ${family.help}`);
    lines.push(`# TYPE ${name} ${family.type}`);
    for (const { labels, points } of family.series) {
      const pairs = Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
      const identity = `${family.name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''}`;
      for (const point of points) lines.push(`${identity} ${point.value} ${point.atMs / 1_000}`);
    }
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

/** A real Prometheus on loopback, with weeks of history at once if wished. */
export async function startPrometheus(options: PrometheusOptions = {}): Promise<PrometheusServer> {
  const directory = await temporaryDirectory('prometheus');
  const data = join(directory.path, 'data');
  const configFile = join(directory.path, 'prometheus.yml');
  await mkdir(data);
  await writeFile(configFile, configuration(options));
  if (options.history !== undefined) {
    const file = join(directory.path, 'history.om');
    await writeFile(file, options.history);
    const promtool = programOf('prometheus', 'promtool');
    const flags = ['--max-block-duration=1458h', '--quiet'];
    await run(promtool, ['tsdb', 'create-blocks-from', ...flags, 'openmetrics', file, data], { maxBuffer: 64 << 20 });
  }
  const port = await freePort();
  const url = `${options.caFile === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const args = [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${data}`,
    '--storage.tsdb.retention.time=400d',
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
    '--log.level=warn',
  ];
  if (options.webConfig !== undefined) {
    const webFile = join(directory.path, 'web.yml');
    await writeFile(webFile, options.webConfig);
    args.push(`--web.config.file=${webFile}`);
  }
  const headers: Record<string, string> =
    options.credentials === undefined ? {} : { authorization: basic(options.credentials) };
  const start = () =>
    startProcess({
      command: programOf('prometheus', 'prometheus'),
      args,
      timeoutMs: 60_000,
      ready: () => isReady(url, headers, options.caFile),
    });
  let running = await start();
  return {
    url,
    get process() {
      return running;
    },
    async restart() {
      await running.close(60_000);
      running = await start();
    },
    async query(expression) {
      const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`, { headers });
      const body = (await response.json()) as {
        status: string;
        error?: string;
        data: { result: { metric: Record<string, string>; value: [number, string] }[] };
      };
      if (body.status !== 'success') throw new Error(`Prometheus: ${body.error ?? response.status}`);
      return body.data.result;
    },
    async close() {
      await running.close();
      await directory.remove();
    },
  };
}

/** By node:https, whose requests can trust an authority of their own. */
async function isReady(url: string, headers: Record<string, string>, caFile: string | undefined): Promise<boolean> {
  if (caFile === undefined) return (await fetch(`${url}/-/ready`, { headers })).ok;
  const ca = await readFile(caFile);
  return await new Promise((resolve, reject) => {
    get(`${url}/-/ready`, { headers, ca }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on('error', reject);
  });
}

const basic = ({ username, password }: { username: string; password: string }): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

function configuration({ scrapeTargets = [], scrapeIntervalMs = 1_000, remoteWrite }: PrometheusOptions): string {
  const interval = `${scrapeIntervalMs}ms`;
  return JSON.stringify({
    global: { scrape_interval: interval, scrape_timeout: interval },
    remote_write:
      remoteWrite === undefined
        ? []
        : [
            {
              url: remoteWrite.url,
              authorization: { credentials: remoteWrite.token },
              queue_config: { batch_send_deadline: '100ms', min_backoff: '50ms', max_backoff: '200ms' },
            },
          ],
    scrape_configs:
      scrapeTargets.length === 0 ? [] : [{ job_name: 'node', static_configs: [{ targets: scrapeTargets }] }],
  });
}
