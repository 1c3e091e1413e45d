import { parentPort } from 'node:worker_threads';
import { startSamplesServer } from './samples-server.ts';

const { url } = await startSamplesServer();
parentPort?.postMessage(url);
