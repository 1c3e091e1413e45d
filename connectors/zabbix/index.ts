/** Zabbix: history and trends of items. */
import { defineConnector } from '#kit';
import { parseValues } from './answer.ts';
import { checkItems, checkServer } from './check.ts';
import { discoverItems } from './discover.ts';
import { type ZabbixOptions, type ZabbixStream, zabbixOptions, zabbixStream } from './options.ts';
import { pullValues } from './pull.ts';
import { zabbixSession } from './session.ts';

export const zabbix = defineConnector<ZabbixOptions, ZabbixStream>({
  kind: 'zabbix',
  summary: 'Values of items out of history and trends of Zabbix',
  options: zabbixOptions,
  stream: zabbixStream,
  capabilities: { measurements: true, costs: false, discover: true },
  auth: ['bearer', 'session'],
  session: zabbixSession,
  tuning: ['rowsPerRequest', 'userParameter'],
  timing: (stream) => ({ intervalMs: stream.step ?? 0 }),
  // How many values there are only the source knows.
  extent: () => ({ isWindowed: true, requests: null }),
  check: checkServer,
  checkStream: checkItems,
  discover: discoverItems,
  pull: pullValues,
  parse: parseValues,
});
