import { cloudwatch } from '#connectors/cloudwatch/index';
import { datadog } from '#connectors/datadog/index';
import { dynatrace } from '#connectors/dynatrace/index';
import { ecb } from '#connectors/ecb/index';
import { erpnext } from '#connectors/erpnext/index';
import { file } from '#connectors/file/index';
import { focus } from '#connectors/focus/index';
import { grafana } from '#connectors/grafana/index';
import { graphite } from '#connectors/graphite/index';
import { http } from '#connectors/http/index';
import { icinga } from '#connectors/icinga/index';
import { influxdb } from '#connectors/influxdb/index';
import { netsuite } from '#connectors/netsuite/index';
import { newrelic } from '#connectors/newrelic/index';
import { odata } from '#connectors/odata/index';
import { odoo } from '#connectors/odoo/index';
import { prometheus } from '#connectors/prometheus/index';
import { push } from '#connectors/push/index';
import { sql } from '#connectors/sql/index';
import { tryton } from '#connectors/tryton/index';
import { zabbix } from '#connectors/zabbix/index';
import { backfillChunk } from '#jobs/backfill-chunk';
import { buildReport } from '#jobs/build-report';
import { closePushSteps } from '#jobs/close-push-steps';
import { deliverMessage } from '#jobs/deliver-message';
import { prunePages } from '#jobs/prune-pages';
import { pull } from '#jobs/pull';
import { recomputePortfolio } from '#jobs/recompute-portfolio';
import { recomputeRoi } from '#jobs/recompute-roi';
import { sendDigest } from '#jobs/send-digest';
import type { AnyConnectorKind, AnyJobKind, Registry } from '#kit';

/** Every connector kind and job kind that this build knows: an explicit list, nothing is discovered at run time. */
export const connectorKinds: readonly AnyConnectorKind[] = [
  prometheus,
  odata,
  file,
  ecb,
  push,
  http,
  sql,
  focus,
  tryton,
  odoo,
  erpnext,
  datadog,
  cloudwatch,
  netsuite,
  zabbix,
  icinga,
  influxdb,
  newrelic,
  dynatrace,
  graphite,
  grafana,
];
export const jobKinds: readonly AnyJobKind[] = [
  pull,
  backfillChunk,
  closePushSteps,
  recomputeRoi,
  recomputePortfolio,
  buildReport,
  sendDigest,
  deliverMessage,
  prunePages,
];

export const registry: Registry = {
  connectorKind: (kind) => connectorKinds.find((known) => known.kind === kind),
};
