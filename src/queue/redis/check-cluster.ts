import type { Redis } from 'ioredis';
import { type OutturnError, PermanentError, RetryableError } from '#kit';
import { asking, checkNode, healing, type RedisFindings } from './check-node.ts';
import { parseInfo } from './judge.ts';
import { addressesText, addressText, type ClusterRedis, type RedisAddress } from './settings.ts';

const SLOTS = 16_384;

/** Who serves the slots, as the nodes announce it to clients. */
interface Layout {
  masters: Map<string, { address: RedisAddress; replicas: Set<string> }>;
  nodes: Set<string>;
  slots: number;
}

/** Every slot has a master that can be reached from here and may hold jobs. Throws `queue/unavailable`. */
export async function checkCluster(settings: ClusterRedis): Promise<RedisFindings> {
  const layout = await askAnyNode(settings);
  const warnings: string[] = [];
  // One after another: a wrong password is told once.
  for (const [name, { address, replicas }] of layout.masters) {
    warnings.push(...(await checkMaster(address, settings)));
    if (replicas.size === 0)
      warnings.push(
        `The master ${name} of the Redis Cluster has no replica: if it dies, the queue stops until it is back.`,
      );
  }
  return { label: `Redis Cluster (${layout.nodes.size} nodes)`, warnings };
}

async function checkMaster(address: RedisAddress, settings: ClusterRedis): Promise<string[]> {
  try {
    return (await checkNode(address, settings)).warnings;
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    throw new RetryableError(
      'queue/unavailable',
      `The Redis Cluster announces a master at ${addressText(address)}, which cannot be used from here: ${error.message}`,
      {
        hint: 'Check that every node is reachable from this host; behind NAT or in containers set `cluster-announce-ip` (or -hostname) and -port on the nodes.',
        facts: { ...error.facts, ...healing },
      },
    );
  }
}

/** The layout by the first of the named nodes that answers. */
async function askAnyNode(settings: ClusterRedis): Promise<Layout> {
  const failures: OutturnError[] = [];
  for (const node of settings.nodes) {
    try {
      return await asking(node, settings, (client) => layoutBy(client, node));
    } catch (error) {
      // A wrong password or certificate is the same at the next node; one that is away is not.
      if (!(error instanceof RetryableError) || error.facts?.isHealing === true) throw error;
      failures.push(error);
    }
  }
  throw new RetryableError(
    'queue/unavailable',
    `No node of the Redis Cluster at ${addressesText(settings.nodes)} can be used. ${failures[0]?.message ?? ''}`.trim(),
    { hint: 'Check that the cluster runs, and that REDIS_CLUSTER names some of its nodes.' },
  );
}

async function layoutBy(client: Redis, asked: RedisAddress): Promise<Layout> {
  const where = addressText(asked);
  const state = await clusterInfo(client, where);
  const layout = readSlots((await client.cluster('SLOTS')) as unknown, asked.host);
  if (state.get('cluster_state') === 'ok' && layout.slots === SLOTS) return layout;
  const missing = SLOTS - Math.min(layout.slots, Number(state.get('cluster_slots_ok') ?? SLOTS));
  throw new RetryableError(
    'queue/unavailable',
    `The Redis Cluster does not serve (cluster_state ${state.get('cluster_state') ?? 'unknown'} by ${where})${missing > 0 ? `: ${missing} of ${SLOTS} slots have no living master` : ''}.`,
    {
      hint: `\`redis-cli --cluster check ${where}\` names what is missing.`,
      facts: { node: where, missing, ...healing },
    },
  );
}

async function clusterInfo(client: Redis, where: string): Promise<ReadonlyMap<string, string>> {
  try {
    return parseInfo(String(await client.cluster('INFO')));
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('cluster support disabled')) throw error;
    throw new PermanentError('queue/unavailable', `Redis at ${where} is not part of a Redis Cluster.`, {
      hint: `Unset REDIS_CLUSTER, and name it by REDIS_URL=redis://${where}.`,
    });
  }
}

/** CLUSTER SLOTS: `[first, last, [host, port, id, …], …replicas]` each; an absent host means the one that was asked. */
export function readSlots(answer: unknown, askedHost: string): Layout {
  const layout: Layout = { masters: new Map(), nodes: new Set(), slots: 0 };
  const addressOf = (node: unknown): RedisAddress | null => {
    if (!Array.isArray(node) || node[0] === '?') return null;
    return { host: String(node[0] ?? '') || askedHost, port: Number(node[1]) };
  };
  for (const range of Array.isArray(answer) ? (answer as unknown[]) : []) {
    if (!Array.isArray(range)) continue;
    const [first, last, ...nodes] = range as [unknown, unknown, ...unknown[]];
    const [master, ...replicas] = nodes.map(addressOf);
    if (master === undefined || master === null) continue;
    layout.slots += Number(last) - Number(first) + 1;
    const name = addressText(master);
    const known = layout.masters.get(name) ?? { address: master, replicas: new Set<string>() };
    for (const replica of replicas) if (replica !== null) known.replicas.add(addressText(replica));
    layout.masters.set(name, known);
    for (const each of [name, ...known.replicas]) layout.nodes.add(each);
  }
  return layout;
}
