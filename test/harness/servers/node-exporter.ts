import { programOf } from '../packages.ts';
import { freePort } from '../ports.ts';
import { answers, type RunningProcess, startProcess } from '../process.ts';

export interface NodeExporter {
  /** `host:port`, as Prometheus wants its targets. */
  target: string;
  url: string;
  process: RunningProcess;
  close(): Promise<void>;
}

/** A real node exporter that tells about this machine. */
export async function startNodeExporter(): Promise<NodeExporter> {
  const port = await freePort();
  const target = `127.0.0.1:${port}`;
  const running = await startProcess({
    command: programOf('node-exporter', 'prometheus-node-exporter', 'node_exporter'),
    args: [`--web.listen-address=${target}`],
    ready: () => answers(`http://${target}/metrics`),
  });
  return { target, url: `http://${target}`, process: running, close: () => running.close() };
}
