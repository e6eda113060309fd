/** One pool at a time, on one side: a worker that opens another would start the application again. */

import { createPool, OptionError, PoolOpenError, ThreadError } from 'threadmemo';
import { expect, test } from 'vitest';
import { increment, opensPool } from '../fixtures/quick.ts';
import { open, rejection } from '../threads/open.ts';

test('a second pool is refused, and the first goes on', async () => {
  await open({ threads: 1 });
  const error = await rejection(createPool({ threads: 1 }));
  expect(error).toBeInstanceOf(PoolOpenError);
  expect(error).toMatchObject({ code: 'ERR_THREADMEMO_POOL_OPEN' });
  expect(await increment(1)).toBe(2);
});

test('a pool is refused in a thread of a pool', async () => {
  await open({ threads: 1 });
  const error = await rejection(opensPool());
  expect(error).toBeInstanceOf(ThreadError);
  expect(error).toMatchObject({ code: 'ERR_THREADMEMO_THREAD' });
  expect(error.message).toContain('module of its own');
});

test('a pool that was refused for its options leaves none open', async () => {
  expect(await rejection(createPool({ threads: -1 }))).toBeInstanceOf(OptionError);
  const limits = 7 as unknown as { maxOldGenerationSizeMb: number };
  expect(await rejection(createPool({ worker: { resourceLimits: limits } }))).toBeInstanceOf(
    TypeError,
  );
  await open({ threads: 1 });
  expect(await increment(1)).toBe(2);
});

test.each([
  ['stats', () => increment.stats().hits],
  ['peek', () => increment.peek(1)],
  ['has', () => increment.has(1)],
  ['key', () => increment.key(1)],
  ['with', () => increment.with({ timeout: 1000 })],
  ['invalidate', () => increment.invalidate(1)],
  ['clear', () => increment.clear()],
  ['map', () => increment.map([] as never[])],
] as const)('%s() opens no pool', async (_, ask) => {
  forgetClosedPools();
  await ask();
  const pool = await open({ threads: 1 });
  expect(pool.options.threads).toBe(1);
});

test('without a pool statistics are zeros, and a wrong argument is refused as with one', async () => {
  forgetClosedPools();
  expect(increment.stats()).toMatchObject({ hits: 0, hitsIn: { near: 0 }, misses: 0, entries: 0 });
  const wrong = (() => {}) as unknown as number;
  const without = await rejection(increment.invalidate(wrong));
  await open({ threads: 1 });
  expect((await rejection(increment.invalidate(wrong))).message).toBe(without.message);
});

/** As in a thread that has had none. */
function forgetClosedPools(): void {
  Reflect.deleteProperty(globalThis, Symbol.for('threadmemo:side:1'));
}
