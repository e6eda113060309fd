/** `THREADMEMO_OFF=1`: the same program without its cache, to compare with. Every call computes, and all else is as it was. */

import { CycleError, mapTier, OptionError } from 'threadmemo';
import { afterEach, expect, test, vi } from 'vitest';
import { counted, fresh, lift } from '../fixtures/counters-and-gates.ts';
import { ring } from '../fixtures/cycles.ts';
import { increment, nested } from '../fixtures/quick.ts';
import { open, rejection } from './open.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each([0, 2])(
  'threads: %i: every call computes, those at the same time, too',
  async (threads) => {
    vi.stubEnv('THREADMEMO_OFF', '1');
    const tier = mapTier();
    await open({ threads, tiers: [tier] });
    const cell = fresh('off');
    expect(await Promise.all([1, 1, 1].map((n) => increment(n, cell)))).toEqual([2, 2, 2]);
    expect(await increment(1, cell)).toBe(2);
    expect(counted(cell)).toBe(4);
    expect(increment.has(1, cell)).toBe(false);
    const { misses, hits, waits, computations, entries } = increment.stats();
    expect({ misses, hits, waits, computations, entries }).toEqual({
      misses: 4,
      hits: 0,
      waits: 0,
      computations: 4,
      entries: 0,
    });
    expect(await tier.get(increment.id, increment.key(1, cell))).toBeUndefined();
  },
);

test('calls in computations compute as well', async () => {
  vi.stubEnv('THREADMEMO_OFF', '1');
  await open({ threads: 1 });
  const caller = fresh('off');
  expect(await nested(3, caller)).toHaveLength(4);
  expect(await nested(3, caller)).toHaveLength(4);
  expect(nested.stats().computations).toBe(8);
});

test('functions that call themselves in a circle fail with the path, and do not go on for ever', async () => {
  vi.stubEnv('THREADMEMO_OFF', '1');
  await open({ threads: 1 });
  const gate = fresh('off');
  lift(gate);
  const error = await rejection(ring(gate, 0, 2));
  expect(error).toBeInstanceOf(CycleError);
  expect((error as CycleError).cycle).toHaveLength(3);
});

test.each(['', '0'])("%j is off's opposite", async (text) => {
  vi.stubEnv('THREADMEMO_OFF', text);
  await open({ threads: 1 });
  const cell = fresh('on');
  await increment(1, cell);
  await increment(1, cell);
  expect(counted(cell)).toBe(1);
});

test('anything else is a mistake', async () => {
  vi.stubEnv('THREADMEMO_OFF', 'yes');
  const error = await rejection(open({ threads: 1 }));
  expect(error).toBeInstanceOf(OptionError);
  expect(error.message).toContain("THREADMEMO_OFF is 'yes'; it must be 0 or 1");
});
