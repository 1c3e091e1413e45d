/** Icinga 2: newest check results and performance data. */
import { defineConnector } from '#kit';
import { parseResults } from './answer.ts';
import { checkResults, checkServer } from './check.ts';
import { discoverServices } from './discover.ts';
import { type IcingaOptions, type IcingaStream, icingaOptions, icingaStream } from './options.ts';
import { pullResults } from './pull.ts';

export const icinga = defineConnector<IcingaOptions, IcingaStream>({
  kind: 'icinga',
  summary: 'States and performance data of the newest check results of Icinga 2',
  options: icingaOptions,
  stream: icingaStream,
  capabilities: { measurements: true, costs: false, discover: true },
  // With a client certificate (tls.certFile) Icinga needs no password.
  auth: ['basic', 'none'],
  tuning: ['objectsPerRequest', 'interval'],
  timing: (stream) => ({ intervalMs: stream.interval ?? 0 }),
  // Icinga keeps the newest result alone: an older window has nothing else.
  extent: () => ({ isWindowed: false, requests: null }),
  check: checkServer,
  checkStream: checkResults,
  discover: discoverServices,
  pull: pullResults,
  parse: parseResults,
});
