/**
 * A call whose caller has nearly filled the stack: a recursive renderer whose leaves call a memoized
 * function. Whatever it is that is called, nothing is left half done.
 */

import { createPool } from 'threadmemo';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inFull, variants } from '../effort.ts';
import { fromTheRim, plus, rim, type Way, ways } from '../fixtures/stack-rim.ts';
import { open, until, watchRest } from './open.ts';

/**
 * On a stack without room for two calls Node cannot even enter an abort listener, and reports that. The
 * frame below what could not be entered is Node's own, or that of the listener, which has done nothing.
 */
function isOfNode(error: Error, origin: string): boolean {
  const isFull =
    error instanceof RangeError && error.message === 'Maximum call stack size exceeded';
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  const dispatch = frames.findIndex((frame) => frame.includes('(node:internal/event_target:'));
  return isFull && origin === 'uncaughtException' && dispatch >= 0 && dispatch <= 2;
}

let others: NodeJS.UncaughtExceptionListener[] = [];
beforeAll(() => {
  others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error, origin) => {
    if (!isOfNode(error, origin)) for (const other of others) other(error, origin);
  });
});
afterAll(() => {
  process.removeAllListeners('uncaughtException');
  for (const other of others) process.on('uncaughtException', other);
});

let first = 0;
/** Keys that no other test has. */
const fresh = () => {
  first += 10_000;
  return first;
};

/** Both threads answer, and nothing is open any more. */
async function worksAsBefore(): Promise<void> {
  const n = fresh();
  const sums = Array.from({ length: 40 }, (_, i) => n + i + 1);
  expect(await Promise.all(sums.map((sum) => plus(sum - 1, 1)))).toEqual(sums);
  expect(await Promise.all([rim('has', n), rim('has', n + 1)])).toHaveLength(2);
}

const names = Object.keys(ways) as Way[];

test.each(variants(names, 1))('%s() at the rim of the stack stops nothing', async (way) => {
  const pool = await open({ threads: 2 });
  await plus(0, 1);
  const n = fresh();
  const results = fromTheRim((level): unknown => ways[way](n + level));
  expect(results.length).toBeGreaterThan(50);
  await Promise.allSettled(results);
  await worksAsBefore();
  await until(() => pool.stats().queued === 0);
});

test.runIf(inFull)(
  'a call for which no step of the coordinator would find room is answered all the same',
  async () => {
    await open({ threads: 2 });
    await plus(0, 1);
    const n = fresh();
    // After the first ones everything that makes a key has been compiled.
    const results = fromTheRim((level) => plus(n + level, 1), 1);
    const outcomes = await Promise.allSettled(results);
    expect(outcomes.slice(-100).every(({ status }) => status === 'fulfilled')).toBe(true);
  },
);

test.runIf(inFull)(
  'a call that finds a thread free at the rim of the stack is handed over whole, or later',
  async () => {
    const pool = await open({ threads: 2 });
    await plus(0, 1);
    const n = fresh();
    for (let level = 1; level < 400; level += inFull ? 3 : 12) {
      const only = (each: number) => (each === level ? plus(n + level, 1) : undefined);
      await Promise.allSettled(fromTheRim(only));
      expect(pool.stats().queued).toBe(0);
    }
    await worksAsBefore();
  },
);

test.runIf(inFull)('threads that sleep are woken from the rim of the stack', async () => {
  const resting = watchRest();
  const pool = await open({ threads: 2 });
  await plus(0, 1);
  await resting();
  const n = fresh();
  await Promise.allSettled(fromTheRim((level) => plus(n + level, 1), 1));
  await worksAsBefore();
  expect(pool.stats().queued).toBe(0);
});

test.runIf(inFull).each(['withdraw', 'stats', 'clear'] as const)(
  'pool.%s() at the rim of the stack stops nothing',
  async (how) => {
    const pool = await open({ threads: 2 });
    await plus(0, 1);
    const results = fromTheRim((): unknown => {
      const pending = plus(fresh(), 1).catch(() => {});
      return Promise.all([pending, pool[how]()]);
    });
    await Promise.allSettled(results);
    await worksAsBefore();
  },
);

test.runIf(inFull)(
  'abort() at the rim of the stack ends the calls of its signal, soon',
  async () => {
    await open({ threads: 2 });
    const n = fresh();
    const pending: Promise<unknown>[] = [];
    const waits = Array.from({ length: 1300 }, (_, level) => {
      const controller = new AbortController();
      const call = plus.with({ signal: controller.signal })(n + level, 1);
      pending.push(call.catch(() => {}));
      return controller;
    });
    fromTheRim((level) => waits[level]?.abort(), 1, 20);
    await Promise.all(pending);
    await worksAsBefore();
  },
);

test('close() at the rim of the stack closes, or says that it could not', async () => {
  const pool = await createPool({ threads: 1 });
  await plus(0, 1);
  const outcomes = await Promise.allSettled(fromTheRim(() => pool.close(), 1, 50));
  expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
  await pool.close();
  await open({ threads: 2 });
  await worksAsBefore();
});

test.runIf(inFull)('createPool() at the rim of the stack opens one pool, or none', async () => {
  const tries = await Promise.allSettled(fromTheRim(() => createPool({ threads: 1 }), 40, 50));
  const opened = tries.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []));
  expect(opened.length).toBeLessThanOrEqual(1);
  for (const pool of opened) await pool.close();
  await open({ threads: 2 });
  await worksAsBefore();
});

test.each(variants(['sync', 'signal', ...names] as const, 1))(
  '%s() at the rim of a worker stops nothing',
  async (way) => {
    const pool = await open({ threads: 2 });
    const results = await Promise.all([rim(way, fresh()), rim(way, fresh())]);
    expect(Math.min(...results)).toBeGreaterThan(0);
    await worksAsBefore();
    await until(() => pool.stats().queued === 0);
  },
);

test('only what Node could not enter is left out of what these tests report', () => {
  const thrownBy = (...frames: string[]) => {
    const error = new RangeError('Maximum call stack size exceeded');
    error.stack = [String(error), ...frames.map((frame) => `    at ${frame}`)].join('\n');
    return error;
  };
  const node = '[nodejs.internal.kHybridDispatch] (node:internal/event_target:831:20)';
  const ours = ['callAll (abort.ts:38:1)', 'listener (abort.ts:19:44)'];
  expect(isOfNode(thrownBy(node), 'uncaughtException')).toBe(true);
  expect(isOfNode(thrownBy(...ours, node), 'uncaughtException')).toBe(true);
  expect(isOfNode(thrownBy('run (pool.ts:1:1)', ...ours, node), 'uncaughtException')).toBe(false);
  expect(isOfNode(thrownBy(...ours), 'uncaughtException')).toBe(false);
  expect(isOfNode(thrownBy(node), 'unhandledRejection')).toBe(false);
  expect(isOfNode(new RangeError('Invalid array length'), 'uncaughtException')).toBe(false);
});
