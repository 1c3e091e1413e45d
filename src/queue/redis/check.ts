import { setTimeout as delay } from 'node:timers/promises';
import { OutturnError, PermanentError } from '#kit';
import { checkCluster } from './check-cluster.ts';
import { type Access, checkNode, nameOf, type RedisFindings } from './check-node.ts';
import { checkSentinel } from './check-sentinel.ts';
import { addressText, partsOf, type RedisAddress, type RedisSettings } from './settings.ts';

/** While servers elect a new master they refuse for some seconds: a process that starts just then waits so long. */
const HEALING_TIMEOUT_MS = 20_000;
const HEALING_POLL_MS = 500;

/** Connects to every server that takes writes; version and settings of each are looked at. Throws `queue/unavailable`. */
export async function checkRedis(settings: RedisSettings): Promise<RedisFindings> {
  const deadlineMs = performance.now() + HEALING_TIMEOUT_MS;
  for (;;) {
    try {
      const findings = await checkOnce(settings);
      if (settings.tls?.isUnverified === true)
        findings.warnings.push(
          'The certificate of Redis is not verified (REDIS_TLS_INSECURE): name its authority by REDIS_TLS_CA.',
        );
      return findings;
    } catch (error) {
      const mayHeal = error instanceof OutturnError && error.facts?.isHealing === true;
      if (!mayHeal || performance.now() >= deadlineMs) throw error;
      await delay(HEALING_POLL_MS);
    }
  }
}

function checkOnce(settings: RedisSettings): Promise<RedisFindings> {
  if (settings.kind === 'redis-cluster') return checkCluster(settings);
  if (settings.kind === 'redis-sentinel') return checkSentinel(settings);
  const { address, ...access } = partsOf(settings);
  return checkSingle(address, access);
}

async function checkSingle(address: RedisAddress, access: Access): Promise<RedisFindings> {
  const { info, warnings } = await checkNode(address, access);
  const where = addressText(address);
  if (info.get('cluster_enabled') === '1')
    throw new PermanentError('queue/unavailable', `Redis at ${where} is a node of a Redis Cluster.`, {
      hint: 'Unset REDIS_URL, and name some nodes of the cluster by REDIS_CLUSTER=host:port,host:port.',
    });
  if (info.get('role') === 'slave')
    throw new PermanentError('queue/unavailable', `Redis at ${where} is a replica: it takes no jobs.`, {
      hint: `Name its master${info.has('master_host') ? ` (${info.get('master_host')}:${info.get('master_port')})` : ''} by REDIS_URL, or the sentinels by REDIS_SENTINELS.`,
    });
  return { label: nameOf(info), warnings };
}
