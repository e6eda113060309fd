/** Which tiers are there to be measured? threadmemo with each, in a directory or before a server of its own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMemcached, withoutMemcached } from '../../test/tiers/memcached-server.ts';
import { built } from '../functions/built.js';
import { expectAnswer, runCallers } from '../measuring.ts';
import { type Closable, type Contestant, plainNode, type Sample } from '../scenario.ts';
import { redisMissing, startRedis } from './redis-server.ts';

export interface Layered extends Closable {
  /** So many callers at a time, each number in turn, with keys of this round's own. */
  misses(crowds: readonly number[], round: number): Promise<Sample>;
  /** The keys of the last misses, in a new pool. */
  hits(crowds: readonly number[], where: 'here' | 'in a worker'): Promise<Sample>;
}

/** A tier, anew for each pool. */
interface Store extends Closable {
  tier(): object | undefined;
}

const callsOf = (callers: number) => (callers === 1 ? 400 : 4_000);
const ROUND = 100_000;
/** Of a server, which counts as away otherwise when the machine is busy. */
const timeout = '30s';

/** Microseconds of processor time of the main thread, which has the number of the process. */
function mainCpu(): number {
  try {
    const accounts = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1');
    return Number.parseInt(accounts, 10) / 1_000;
  } catch {
    return Number.NaN;
  }
}

async function measured(
  sample: Record<string, number>,
  callers: number,
  run: () => Promise<number>,
) {
  const before = mainCpu();
  const wall = await run();
  sample[`wall${callers}`] = (wall * 1_000) / callsOf(callers);
  sample[`cpu${callers}`] = (mainCpu() - before) / callsOf(callers);
}

function keysFor(crowds: readonly number[], round: number): Map<number, number[]> {
  let first = round * ROUND;
  const keys = new Map<number, number[]>();
  for (const callers of crowds) {
    keys.set(
      callers,
      Array.from({ length: callsOf(callers) }, (_, n) => first + n),
    );
    first += callsOf(callers);
  }
  return keys;
}

async function open(store: Store, threads: number): Promise<Layered> {
  const { createPool } = await import('../functions/threadmemo.js');
  const { addOne, addAll } = await import('../functions/layered.js');
  const openPool = async () => {
    const tier = store.tier();
    const pool = await createPool({
      threads,
      worker: plainNode,
      namespace: 'bench',
      tiers: tier ? [tier as never] : [],
    });
    await addOne(-1);
    await addAll([-1], 1);
    return pool;
  };
  let pool = await openPool();
  let keys = new Map<number, number[]>();
  const reopen = async () => {
    await pool.close();
    pool = await openPool();
    // A thread that reads a tier by itself opens it when it is first asked for something there.
    await addAll([-2], 1);
    await new Promise((resolve) => setTimeout(resolve, 500));
  };
  const callHere = (callers: number, those: readonly number[]) =>
    runCallers(callers, those, async (n) => expectAnswer(await addOne(n), n + 1));
  return {
    async misses(crowds, round) {
      keys = keysFor(crowds, round);
      const sample: Record<string, number> = {};
      for (const [callers, those] of keys)
        await measured(sample, callers, () => callHere(callers, those));
      return sample;
    },
    async hits(crowds, where) {
      await reopen();
      const sample: Record<string, number> = {};
      for (const callers of crowds) {
        const those = keys.get(callers) ?? [];
        const run = where === 'here' ? callHere : (many: number) => addAll(those, many);
        await measured(sample, callers, () => run(callers, those));
      }
      return sample;
    },
    async close() {
      await pool.close();
      await store.close();
    },
  };
}

async function openDisk(): Promise<Store> {
  const { diskTier }: typeof import('../../src/disk.ts') = await import(built('disk'));
  const home = mkdtempSync(join(tmpdir(), 'threadmemo-bench-'));
  return {
    tier: () => diskTier({ path: join(home, 'cache') }),
    close: async () => rmSync(home, { recursive: true, force: true }),
  };
}

async function openRedis(): Promise<Store> {
  const { redisTier }: typeof import('../../src/redis.ts') = await import(built('redis'));
  const server = await startRedis();
  return {
    tier: () => redisTier({ url: `redis://127.0.0.1:${server.port}`, timeout }),
    close: () => server.stop(),
  };
}

async function openMemcached(): Promise<Store> {
  const { memcachedTier }: typeof import('../../src/memcached.ts') = await import(
    built('memcached')
  );
  const server = await startMemcached();
  return {
    tier: () => memcachedTier({ servers: [server.address], timeout }),
    close: () => server.stop(),
  };
}

export function layered(noTier: string): readonly Contestant<Layered>[] {
  const nothing: Store = { tier: () => undefined, close: async () => {} };
  const of = (name: string, what: string, openStore: () => Promise<Store>) => ({
    name,
    what,
    cannot: {},
    open: async ({ threads }: { readonly threads: number }) => open(await openStore(), threads),
  });
  return [
    {
      ...of('none', 'threadmemo without a tier', async () => nothing),
      cannot: { 'tiers hit': noTier, 'tiers hit, worker': noTier },
    },
    of('disk', 'threadmemo with diskTier, a directory of its own', openDisk),
    {
      ...of('redis', 'threadmemo with redisTier, a server on this machine', openRedis),
      missing: redisMissing,
    },
    {
      ...of('memcached', 'threadmemo with memcachedTier, a server on this machine', openMemcached),
      missing: () => (withoutMemcached ? 'there is no memcached here' : undefined),
    },
  ];
}
