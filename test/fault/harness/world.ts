import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { NewIntent, OutboxRow, Store } from '#kit';
import { createIntentResolver } from '#src/queue/index';
import { openStore } from '#src/store/index';
import { silentLog, testDatabase } from '../../harness/database.ts';
import { type RunningProcess, startProcess } from '../../harness/process.ts';
import { temporaryDirectory } from '../../harness/temporary.ts';
import { type BackendName, type BackendServer, startBackend } from './backends.ts';
import { faultJobs } from './jobs.ts';
import { createObserver, type Observer } from './observer.ts';
import { type MessageSink, startSink } from './sink.ts';
import type { WorkerSettings } from './worker-settings.ts';

const workerFile = fileURLToPath(new URL('./worker.ts', import.meta.url));

export interface FaultWorker {
  instance: string;
  process: RunningProcess;
  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM' | 'SIGUSR2'): void;
  /** `kill -9`; the observer is told when. */
  kill(): Promise<void>;
}
export interface StartWorkerOptions extends Partial<Omit<WorkerSettings, 'backend'>> {
  /** Of Node, such as a small heap. */
  nodeOptions?: readonly string[];
}

/** A database, a queue, a folder of objects and a sink, on which worker processes are started and harmed. */
export interface FaultWorld {
  backend: BackendName;
  server: BackendServer;
  databaseUrl: string;
  store: Store;
  observer: Observer;
  sink: MessageSink;
  objectsPath: string;
  workers: readonly FaultWorker[];
  enqueue(kind: string, args: Record<string, unknown>, more?: Partial<NewIntent>): Promise<OutboxRow>;
  start(options?: StartWorkerOptions): Promise<FaultWorker>;
  /** Ends the processes and removes everything. */
  close(): Promise<void>;
}

export async function openFaultWorld(backend: BackendName): Promise<FaultWorld> {
  const [database, server, sink, objects] = await Promise.all([
    testDatabase(),
    startBackend(backend),
    startSink(),
    temporaryDirectory('fault-objects'),
  ]);
  const store = await openStore({
    url: database.url,
    resolver: createIntentResolver(faultJobs()),
    clock: { nowMs: () => Date.now() },
    newId: randomUUID,
    log: silentLog,
    applicationName: 'fault test',
  });
  const observer = await createObserver({ databaseUrl: database.url, objectsPath: objects.path, sink });
  const workers: FaultWorker[] = [];
  let number = 0;

  return {
    backend,
    server,
    databaseUrl: database.url,
    store,
    observer,
    sink,
    objectsPath: objects.path,
    workers,
    enqueue: (kind, args, more) => store.outbox.enqueue({ kind, args, cause: 'fault', ...more }),
    async start({ nodeOptions = [], ...options } = {}) {
      number += 1;
      const settings: WorkerSettings = {
        instance: `w${number}`,
        backend: server.backend(options.databaseUrl ?? database.url),
        databaseUrl: database.url,
        objectsPath: objects.path,
        sinkUrl: sink.url,
        concurrency: 4,
        workers: true,
        relay: true,
        ...options,
      };
      const running = await startProcess({
        command: process.execPath,
        args: ['--conditions=outturn-source', ...nodeOptions, workerFile, JSON.stringify(settings)],
        ready: (output) => output.includes('ready\n'),
      });
      const worker: FaultWorker = {
        instance: settings.instance,
        process: running,
        signal: (name) => void process.kill(running.pid, name),
        async kill() {
          observer.died(settings.instance);
          await running.kill();
        },
      };
      workers.push(worker);
      return worker;
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.process.kill()));
      await observer.close();
      await store.close();
      await sink.close();
      await server.close();
      await database.close();
      await objects.remove();
    },
  };
}
