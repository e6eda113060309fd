/** What happens to 30,000 calls that one computation has made. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Operation, Stage } from './operation.ts';

const count = 30_000;
const many = count.toLocaleString('en');

/** Until the coordinator has heard of all of them: by what it counts. */
async function untilThere({ functions }: Stage, counter: 'misses' | 'waits', least = count) {
  while (functions.held.stats()[counter] < least) await sleep(20);
}

const ignore = () => {};

async function untilOpened({ functions }: Stage, call: Promise<unknown>): Promise<void> {
  functions.setGate(true);
  await call;
}

export const ofNestedCalls: Readonly<Record<string, Operation>> = {
  nested: {
    what: `a computation makes ${many} calls, and computes them right there`,
    run: ({ functions, watch }) => watch(() => functions.nesting(count, 'once')),
  },
  'nested-twice': {
    what: `two computations make the same ${many} calls, which wait, and are answered`,
    async run(stage) {
      const { functions, watch } = stage;
      const label = 'twice';
      await watch(async () => {
        const first = functions.crowd(count, `${label} 1`);
        await untilThere(stage, 'misses');
        const second = functions.crowd(count, `${label} 2`);
        await untilThere(stage, 'waits');
        await untilOpened(stage, Promise.all([first, second]));
      });
    },
  },
  'nested-clear': {
    what: `with ${many} such calls under way: f.clear() and pool.clear()`,
    async run(stage) {
      const { functions, pool, watch } = stage;
      const call = functions.crowd(count, 'cleared');
      await untilThere(stage, 'misses');
      await watch(async () => {
        await functions.held.clear();
        await sleep(20);
        await pool.clear();
      });
      await untilOpened(stage, call);
    },
  },
  'nested-abandoned': {
    what: `a computation with ${many} calls that wait is abandoned`,
    async run(stage) {
      const { functions, watch } = stage;
      const first = functions.crowd(count, 'goes on');
      await untilThere(stage, 'misses');
      const controller = new AbortController();
      const { signal } = controller;
      const second = functions.crowd.with({ signal })(count, 'abandoned').catch(ignore);
      await untilThere(stage, 'waits');
      await watch(async () => {
        controller.abort();
        await second;
        await sleep(3_000);
      });
      await untilOpened(stage, first);
    },
  },
  'nested-death': {
    what: `the thread of a computation with ${many} calls dies, until it has given up`,
    async run(stage) {
      const { functions, watch } = stage;
      const call = functions.deadly(count).catch(ignore);
      await untilThere(stage, 'misses');
      await watch(() => untilOpened(stage, call));
    },
  },
  'nested-close': {
    what: `with ${many} such calls under way: pool.close()`,
    async run(stage) {
      const { functions, pool, watch } = stage;
      const call = functions.crowd(count, 'closed').catch(ignore);
      await untilThere(stage, 'misses');
      await watch(() => pool.close());
      await call;
    },
  },
  cycles: {
    what: `1,000 calls of one computation wait for one with ${many} calls: the search for circles`,
    async run(stage) {
      const { functions, watch } = stage;
      const watched = functions.crowd(count, 'watched');
      await untilThere(stage, 'misses');
      await watch(async () => {
        const call = functions.onlookers(1_000, count);
        while (functions.crowd.stats().waits < 1_000) await sleep(20);
        await untilOpened(stage, Promise.all([call, watched]));
      });
    },
  },
};
