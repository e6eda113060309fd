/** A large value is asked for again and again, is copied by the wrong thread, or outlives its entry. */

import { describe, expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import {
  asksAgain,
  copies,
  freezes,
  type Making,
  MIB,
  type Seen,
  seesCopies,
  seesFrozen,
} from '../fixtures/large-values.ts';
import { open, openForAll } from './open.ts';

/** `[shared, memory]` hits that each step has had: a call, a peek, a call, and a call. */
function steps({ hits }: Seen): (readonly number[])[] {
  return hits.slice(1).map(({ shared, memory }, at) => {
    const before = hits[at] ?? { shared: 0, memory: 0 };
    return [shared - before.shared, memory - before.memory];
  });
}

const oneMessage = [
  [0, 1],
  [0, 0],
  [1, 0],
  [1, 0],
];

describe('the second hit in a thread needs no message', () => {
  openForAll({ threads: 2 });

  test.each<Making>(['large', 'large text'])('%s: a copy for each', async (what) => {
    const [cell, gate] = [fresh('large'), fresh('gate')];
    const seeing = seesCopies(what, cell, gate);
    await reaches(`${gate}:holds`, 1);
    await copies(what, cell);
    lift(gate);
    const seen = await seeing;
    expect(counted(`${cell}:${seen.thread}`)).toBe(0);
    if (what === 'large') {
      expect(seen).toMatchObject({ objects: 4, looks: { shared: false, memory: MIB } });
      expect(steps(seen)).toEqual(oneMessage);
    }
    expect(steps(seen).reduce((sum, [, memory = 0]) => sum + memory, 0)).toBe(1);
  });

  test('frozen', async () => {
    const [cell, gate] = [fresh('frozen'), fresh('gate')];
    const length = 50_000;
    const seeing = seesFrozen(length, cell, gate);
    await reaches(`${gate}:holds`, 1);
    expect((await freezes(length, cell)).list.length).toBe(length);
    lift(gate);
    const seen = await seeing;
    expect(counted(`${cell}:${seen.thread}`)).toBe(0);
    expect(seen.objects).toBe(1);
    // From then on it is near.
    expect(steps(seen)).toEqual([
      [0, 1],
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
  });
});

describe('without another thread', () => {
  test('none at all where it was computed', async () => {
    await open({ threads: 1 });
    const cell = fresh('here');
    await copies('large', cell);
    const seen = await seesCopies('large', cell);
    expect(counted(`${cell}:${seen.thread}`)).toBe(1);
    expect(steps(seen)).toEqual([
      [1, 0],
      [0, 0],
      [1, 0],
      [1, 0],
    ]);
  });

  test('on the main thread', async () => {
    await open({ threads: 1 });
    const cell = fresh('main');
    const one = await copies('large', cell);
    const other = await copies('large', cell);
    one.fill(0);
    other.fill(1);
    expect((await copies('large', cell)).every((byte) => byte === 7)).toBe(true);
    expect(copies.stats().hitsIn).toEqual({ near: 0, shared: 2, memory: 0, tiers: 0 });
  });
});

describe('a thread that has it knows when it is gone', () => {
  openForAll({ threads: 2, maxSize: 16 * MIB, eviction: 'lru' });

  test.each<[string, (cell: string) => unknown]>([
    ['invalidated', (cell) => copies.invalidate('large', cell)],
    ['cleared', () => copies.clear()],
    [
      'evicted',
      async (cell) => {
        for (let n = 0; n < 40; n++) await copies('large', `${cell} ${n}`);
      },
    ],
  ])('%s', async (_, forget) => {
    const [cell, gate] = [fresh('gone'), fresh('gate')];
    const asking = asksAgain(cell, gate);
    await reaches(`${gate}:holds`, 1);
    expect(counted(cell)).toBe(1);
    await forget(cell);
    lift(gate);
    expect(await asking).toBe(false);
    expect(counted(cell)).toBe(2);
  });

  test('and knows that it is not', async () => {
    const [cell, gate] = [fresh('gone'), fresh('gate')];
    lift(gate);
    expect(await asksAgain(cell, gate)).toBe(true);
    expect(counted(cell)).toBe(1);
  });
});

test.runIf(inFull)('what threads hold of large values is counted, and bounded', async () => {
  const pool = await open({ threads: 1 });
  const cell = fresh('bounded');
  await copies('large', cell);
  // One in the thread that has computed it, and one on this thread.
  expect(pool.stats().near).toMatchObject({ entries: 2 });
  expect(pool.stats().near.bytes).toBeGreaterThan(2 * MIB);
  expect(pool.stats().near.bytes).toBeLessThan(2.01 * MIB);
  for (let n = 0; n < 40; n++) await copies('large', `${cell} ${n}`);
  expect(pool.stats().near.bytes).toBeGreaterThan(8 * MIB);
  expect(pool.stats().near.bytes).toBeLessThan(2 * 17 * MIB);

  const before = pool.stats().near.bytes;
  await copies('huge', cell);
  expect(pool.stats().near.bytes).toBe(before);
});
