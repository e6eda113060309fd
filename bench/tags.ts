/**
 * How long does it take to forget by a tag? A number of entries have one tag, and two threads look at
 * them all the time: until when after the call does any of them find one, and how long does the call,
 * with what goes on after it, keep the main thread in one stretch?
 */
import { setImmediate as turn } from 'node:timers/promises';
import { oneAfterTheOther, stretchesOf } from './blocks/operation.ts';
import {
  type Closable,
  type Contestant,
  metric,
  plainNode,
  type Sample,
  type Scenario,
  threads,
} from './scenario.ts';

const sizes = [1, 1_000, 100_000] as const;
/** For so many turns what goes on after the call is watched. */
const turns = 2_000;

interface TagCache extends Closable {
  /** So many entries have this tag from now on. */
  fill(tag: string, count: number): Promise<void>;
  /** Milliseconds from the call until the last look began that found an entry. */
  forget(tag: string, count: number): Promise<number>;
}

const threadmemo: Contestant<TagCache> = {
  name: 'threadmemo',
  what: 'threadmemo: invalidateTags() on the main thread, two threads that look',
  cannot: {},
  async open() {
    const { createPool } = await import('./functions/threadmemo.js');
    const { tagged, look, lookers, forgetLookers } = await import('./functions/tags.js');
    const pool = await createPool({ threads, worker: plainNode, maxSize: '256mb' });
    return {
      fill: (tag, count) => oneAfterTheOther(count, (n) => tagged(tag, n)),
      async forget(tag, count) {
        forgetLookers();
        const looks = Array.from({ length: threads }, (_, thread) => look(tag, count, thread));
        while (lookers() < threads) await turn();
        const from = Number(process.hrtime.bigint()) / 1e6;
        await pool.invalidateTags(tag);
        const last = await Promise.all(looks);
        return Math.max(0, ...last.map((at) => at - from));
      },
      close: () => pool.close(),
    };
  },
};

const bentocache: Contestant<TagCache> = {
  name: 'bentocache',
  what: 'bentocache on the main thread, memory driver, serialize: false: deleteByTag(), then a look',
  cannot: {},
  async open() {
    const { BentoCache, bentostore } = await import('bentocache');
    const { memoryDriver } = await import('bentocache/drivers/memory');
    const driver = memoryDriver({ serialize: false, maxItems: 1_000_000 });
    const stores = { memory: bentostore().useL1Layer(driver) };
    const cache = new BentoCache({ default: 'memory', stores });
    return {
      fill: (tag, count) =>
        oneAfterTheOther(count, (n) => cache.set({ key: `${tag} ${n}`, value: n, tags: [tag] })),
      async forget(tag, count) {
        const from = performance.now();
        await cache.deleteByTag({ tags: [tag] });
        const left = await cache.get({ key: `${tag} ${count - 1}` });
        if (left !== undefined && left !== null) throw new Error('it is still there');
        return performance.now() - from;
      },
      close: () => cache.disconnectAll(),
    };
  },
};

async function measure(cache: TagCache, round: number): Promise<Sample> {
  const sample: Record<string, number> = {};
  for (const size of sizes) {
    const tag = `tag ${round} ${size}`;
    await cache.fill(tag, size);
    let gone = Number.NaN;
    const stretches = await stretchesOf(async () => {
      gone = await cache.forget(tag, size);
      for (let left = turns; left > 0; left--) await turn();
    });
    sample[`gone${size}`] = gone;
    sample[`longest${size}`] = stretches.longest;
  }
  return sample;
}

const words = (size: number) => size.toLocaleString('en');

export const tags: Scenario<TagCache> = {
  name: 'tags',
  field: [threadmemo, bentocache],
  warmUps: 1,
  rounds: 5,
  parts: [
    {
      name: 'tags',
      question: `forgetting ${sizes.map(words).join(', ')} entries by a tag that they have`,
      metrics: sizes.flatMap((size) => [
        metric(`gone${size}`, `ms until none is found, ${words(size)}`, { digits: 2, over: 'max' }),
        metric(`longest${size}`, 'CPU ms, longest stretch', { digits: 1, over: 'max' }),
      ]),
      bars: [
        {
          contestant: 'threadmemo',
          metric: 'gone100000',
          of: 'value',
          must: 'be at most',
          limit: 5,
        },
        {
          contestant: 'threadmemo',
          metric: 'longest100000',
          of: 'value',
          must: 'be at most',
          limit: 10,
        },
      ],
      measure,
    },
  ],
  notShown: [
    'tiers: with one, the call settles when it has noted the tag, whatever has it',
    'bentocache is looked at when its promise has settled, by its own thread, which is the only one that has it',
  ],
};
