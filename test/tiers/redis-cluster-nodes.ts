/** A cluster of a test's own: three masters, and replicas of the first. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { removeFolder } from '../remove-folder.ts';
import { freePort, type RedisServer, startRedis } from './redis-server.ts';

const SLOTS = 16_384;
const MASTERS = 3;
const patience = 30_000;

export interface RedisCluster {
  readonly masters: readonly RedisServer[];
  readonly replicas: readonly RedisServer[];
  idOf(node: RedisServer): Promise<string>;
  stop(): Promise<void>;
}

/** @param nodeTimeout milliseconds until a node that does not answer counts as gone */
export async function startCluster(
  replicaCount: number,
  nodeTimeout: number,
): Promise<RedisCluster> {
  const home = await mkdtemp(join(tmpdir(), 'threadmemo-redis-'));
  const count = MASTERS + replicaCount;
  const buses = await Promise.all(Array.from({ length: count }, freePort));
  const settings = (bus: number) => [
    ...['--cluster-enabled', 'yes', '--dir', home, '--cluster-node-timeout', String(nodeTimeout)],
    ...['--cluster-config-file', `nodes-${bus}.conf`, '--cluster-port', String(bus)],
    // As soon as it can, however little it has heard of its master.
    ...['--cluster-replica-validity-factor', '0'],
  ];
  const nodes = await Promise.all(buses.map((bus) => startRedis(...settings(bus))));
  const [masters, replicas] = [nodes.slice(0, MASTERS), nodes.slice(MASTERS)];
  const idOf = async (node: RedisServer) => String(await node.command('CLUSTER', 'MYID'));
  for (const [n, node] of nodes.entries()) {
    const first = Math.floor((SLOTS * n) / MASTERS);
    const last = Math.floor((SLOTS * (n + 1)) / MASTERS) - 1;
    if (n < MASTERS) await node.command('CLUSTER', 'ADDSLOTSRANGE', String(first), String(last));
    await node.command('CLUSTER', 'MEET', '127.0.0.1', String(nodes[0]?.port), String(buses[0]));
  }
  const says = (node: RedisServer, ...what: string[]) =>
    vi.waitFor(async () => {
      const info = await node.command('CLUSTER', 'INFO');
      for (const each of what) expect(info).toContain(each);
    }, patience);
  for (const node of nodes) await says(node, `cluster_known_nodes:${count}`);
  for (const replica of replicas) {
    await replica.command('CLUSTER', 'REPLICATE', await idOf(masters[0] as RedisServer));
    await vi.waitFor(async () => {
      expect(await replica.command('INFO', 'replication')).toContain('master_link_status:up');
    }, patience);
  }
  for (const node of nodes) await says(node, 'cluster_state:ok', 'cluster_slots_assigned:16384');
  return {
    masters,
    replicas,
    idOf,
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
      await removeFolder(home);
    },
  };
}
