/** What is done to a cache of a million entries, and with 5,000 functions. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { built } from '../functions/built.js';
import { crowdOf, type Operation, oneAfterTheOther, type Stage } from './operation.ts';

const entries = 1_000_000;
/** Room for all of them. */
const options = () => ({ maxSize: '512mb' }) as const;

async function fill({ functions }: Stage, count = entries): Promise<void> {
  await oneAfterTheOther(count, (n) => functions.quick(n));
}

/** What an invalidation leaves is removed later, in steps: for so many turns that is watched, too. */
async function turns(): Promise<void> {
  for (let left = 5_000; left > 0; left--) await turn();
}

const full = (what: string, act: (stage: Stage) => Promise<unknown>): Operation => ({
  what: `with ${entries.toLocaleString('en')} entries: ${what}`,
  options,
  async run(stage) {
    await fill(stage);
    await stage.watch(() => act(stage));
  },
});

export const ofEntries: Readonly<Record<string, Operation>> = {
  fill: {
    what: `${entries.toLocaleString('en')} calls, 2,000 at a time, each of which stores an entry`,
    options,
    run: (stage) => stage.watch(() => fill(stage)),
  },
  clear: full('f.clear(), and what goes on after it', async ({ functions }) => {
    await functions.quick.clear();
    await turns();
  }),
  'pool-clear': full('pool.clear(), and what goes on after it', async ({ pool }) => {
    await pool.clear();
    await turns();
  }),
  invalidate: full('invalidate() of 10,000, 500 a turn', async ({ functions }) => {
    const { all } = await crowdOf(10_000, (n) => functions.quick.invalidate(n));
    await all;
  }),
  stats: full('f.stats() and pool.stats()', async ({ functions, pool }) => {
    functions.quick.stats();
    await turn();
    pool.stats();
    await turn();
  }),
  'evict-max': {
    what: 'with 1,000,000 entries at a `max` of the pool: 20,000 calls more',
    options: () => ({ maxSize: '512mb', max: entries }),
    async run(stage) {
      await fill(stage);
      await stage.watch(() => crowded(stage, 20_000));
    },
  },
  'evict-own-max': {
    what: 'with 1,000,000 entries at a `max` of the function: 20,000 calls more',
    options,
    async run({ functions, watch }) {
      await oneAfterTheOther(entries, (n) => functions.newest(n));
      await watch(async () => {
        const { all } = await crowdOf(20_000, (n) => functions.newest(entries + n));
        await all;
      });
    },
  },
  'evict-size': {
    what: 'with 1,000,000 entries called for and `maxSize` reached: 20,000 calls more',
    options: () => ({ maxSize: '64mb' }),
    async run(stage) {
      await fill(stage);
      await stage.watch(() => crowded(stage, 20_000));
    },
  },
  'large-value': {
    what: 'a value of 30 MB into a full cache of small ones, until it is kept',
    options: () => ({ maxSize: '64mb', maxEntrySize: '40mb' }),
    async run(stage) {
      await fill(stage);
      await stage.watch(async () => {
        await stage.functions.large(30 * 2 ** 20);
        await turns();
      });
    },
  },
};

async function crowded({ functions }: Stage, count: number): Promise<void> {
  const { all } = await crowdOf(count, (n) => functions.quick(entries + n));
  await all;
}

const functionCount = 5_000;
const many = functionCount.toLocaleString('en');

async function callEach({ functions }: Stage): Promise<void> {
  const { all } = await crowdOf(functionCount, (n) =>
    (functions.many[n] as typeof functions.quick)(1),
  );
  await all;
}

const called = (what: string, act: (stage: Stage) => Promise<unknown>): Operation => ({
  what: `with ${many} functions: ${what}`,
  async run(stage) {
    await callEach(stage);
    await stage.watch(() => act(stage));
  },
});

function onDisk(what: string, act: (stage: Stage) => Promise<unknown>): Operation {
  let directory: string | undefined;
  return {
    ...called(`${what}, with a disk tier`, act),
    async options() {
      const { diskTier }: typeof import('../../dist/src/disk.js') = await import(built('disk'));
      directory = mkdtempSync(join(tmpdir(), 'threadmemo-bench-'));
      return { tiers: [diskTier({ path: directory })] };
    },
    clean() {
      if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}

const clearEach = async ({ functions }: Stage) => {
  const { all } = await crowdOf(functionCount, (n) =>
    (functions.many[n] as typeof functions.quick).clear(),
  );
  await all;
};

export const ofFunctions: Readonly<Record<string, Operation>> = {
  'first-calls': {
    what: `the first calls of ${many} functions, 500 a turn`,
    run: (stage) => stage.watch(() => callEach(stage)),
  },
  'functions-stats': called('pool.stats()', async ({ pool }) => {
    pool.stats();
    await turn();
  }),
  'functions-pool-clear': called('pool.clear()', ({ pool }) => pool.clear()),
  'functions-clear': called('f.clear() of each, 500 a turn', clearEach),
  'disk-first-calls': {
    ...onDisk('', async () => {}),
    what: `the first calls of ${many} functions, 500 a turn, with a disk tier`,
    run: (stage) => stage.watch(() => callEach(stage)),
  },
  'disk-pool-clear': onDisk('pool.clear()', ({ pool }) => pool.clear()),
  'disk-clear': onDisk('f.clear() of each, 500 a turn', clearEach),
  pool: {
    what: 'a pool of 8 threads is closed, and another one is opened, called and closed',
    options: () => ({ threads: 8 }),
    async run({ pool, functions, threadmemo, watch }) {
      await functions.quick(1);
      await watch(async () => {
        await pool.close();
        const other = await threadmemo.createPool({ threads: 8 });
        await functions.quick(1);
        await other.close();
      });
    },
  },
};
