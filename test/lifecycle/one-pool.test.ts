/** One pool at a time, on one side: a worker that opens another would start the application again. */

import { createPool, OptionError, PoolOpenError, ThreadError } from 'threadmemo';
import { expect, test } from 'vitest';
import { increment, opensPool } from '../../workers/quick.ts';
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
  expect(await rejection(createPool({ threads: 0 }))).toBeInstanceOf(OptionError);
  const limits = 7 as unknown as { maxOldGenerationSizeMb: number };
  expect(await rejection(createPool({ worker: { resourceLimits: limits } }))).toBeInstanceOf(
    TypeError,
  );
  await open({ threads: 1 });
  expect(await increment(1)).toBe(2);
});
