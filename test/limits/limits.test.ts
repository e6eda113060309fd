/** The cache is limited in entries but not in bytes, the wrong entry goes, or the numbers are off. */

import { QueueFullError } from 'threadmemo';
import { describe, expect, test } from 'vitest';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { ordinal } from '../fixtures/distinct-results.ts';
import { gated } from '../fixtures/gated.ts';
import { atMostNone, atMostThree, bytes } from '../fixtures/keeping-options.ts';
import { open, rejection, until } from '../threads/open.ts';

test('max of a function: the longest unused goes first, and a hit counts as a use', async () => {
  const pool = await open({ threads: 1, eviction: 'lru' });
  const cell = fresh('max');
  for (const n of [1, 2, 3]) await atMostThree(cell, n);
  await atMostThree(cell, 1);
  await atMostThree(cell, 4);
  expect([1, 2, 3, 4].filter((n) => atMostThree.has(cell, n))).toEqual([1, 3, 4]);
  // To look is no use: 3 goes now.
  atMostThree.peek(cell, 3);
  await atMostThree(cell, 5);
  expect([1, 3, 4, 5].filter((n) => atMostThree.has(cell, n))).toEqual([1, 4, 5]);
  expect(atMostThree.stats()).toMatchObject({ entries: 3, evictions: 2, hits: 1, misses: 5 });

  const other = fresh('other');
  await ordinal(other);
  await atMostThree(cell, 6);
  expect(ordinal.has(other)).toBe(true);
  expect(pool.stats()).toMatchObject({ entries: 4, evictions: 3 });

  expect([await atMostNone(cell), await atMostNone(cell)]).toEqual([6 + 1, 6 + 2]);
  expect(atMostNone.stats()).toMatchObject({ entries: 0, evictions: 0 });
});

test('max 0 of a pool keeps nothing', async () => {
  const pool = await open({ threads: 1, max: 0 });
  const cell = fresh('nothing');
  for (const _ of [1, 2]) await ordinal(cell);
  expect(ordinal.has(cell)).toBe(false);
  expect(pool.stats()).toMatchObject({ entries: 0, computations: 2 });
});

test('max of a pool: over all functions, in the order of their use', async () => {
  const pool = await open({ threads: 1, max: 3, eviction: 'lru' });
  const [cell, a, b] = [fresh('a'), fresh('a'), fresh('b')];
  await ordinal(a);
  await bytes(cell, 10);
  await ordinal(b);
  await ordinal(a);
  await atMostThree(cell, 1);
  expect([ordinal.has(a), bytes.has(cell, 10), ordinal.has(b)]).toEqual([true, false, true]);
  expect(pool.stats()).toMatchObject({ entries: 3, evictions: 1 });
  expect(bytes.stats()).toMatchObject({ entries: 0, bytes: 0, evictions: 1 });
});

test('the waiters of one computation do not make it more used than a later one', async () => {
  await open({ threads: 2, max: 2, eviction: 'lru' });
  const gate = fresh('crowd');
  const crowd = [gated(gate), gated(gate), gated(gate)];
  await reaches(`${gate}:started`, 1);
  const [a, b] = [fresh('a'), fresh('b')];
  lift(gate);
  await Promise.all(crowd);
  await ordinal(a);
  await ordinal(b);
  expect([gated.has(gate), ordinal.has(a), ordinal.has(b)]).toEqual([false, true, true]);
});

test('maxSize and maxEntrySize: memory is never more, and what is too large is not kept', async () => {
  const maxSize = 2 ** 18;
  const pool = await open({ threads: 1, maxSize, maxEntrySize: 2 ** 14 });
  const cell = fresh('size');
  for (let size = 1000; size < 1400; size++) {
    expect((await bytes(cell, size)).length).toBe(size);
    expect(bytes.has(cell, size)).toBe(true);
    expect(pool.stats().memory.used).toBeLessThanOrEqual(maxSize);
  }
  const { entries, evictions, bytes: held } = pool.stats();
  expect(held).toBeGreaterThan(maxSize * 0.7);
  expect(entries + evictions).toBe(400);
  expect((await bytes(cell, 2 ** 14)).length).toBe(2 ** 14);
  expect(bytes.has(cell, 2 ** 14)).toBe(false);
  expect(pool.stats()).toMatchObject({ entries, evictions });

  await pool.clear();
  expect(bytes.has(cell, 1399)).toBe(false);
  await until(() => pool.stats().entries === 0);
  expect(pool.stats()).toMatchObject({ entries: 0, bytes: 0, evictions });
  await bytes(cell, 1399);
  expect(pool.stats().entries).toBe(1);
});

test('maxQueue: one more fails at once, and the others are answered', async () => {
  const pool = await open({ threads: 1, maxQueue: 2 });
  const gates = [1, 2, 3, 4].map((n) => fresh(`queue-${n}`)) as [string, string, string, string];
  const first = gated(gates[0]);
  await reaches(`${gates[0]}:started`, 1);
  const queued = [gated(gates[1]), gated(gates[2])];
  const full = await rejection(gated(gates[3]));
  expect(full).toBeInstanceOf(QueueFullError);
  const key = gated.key(gates[3]);
  expect(full).toMatchObject({ code: 'ERR_THREADMEMO_QUEUE_FULL', functionId: gated.id, key });
  // To join what waits takes no place in the queue.
  queued.push(gated(gates[1]), gated(gates[0]));
  expect(pool.stats().queued).toBe(2);
  for (const gate of gates) lift(gate);
  for (const each of await Promise.all([first, ...queued])) expect(each.nth).toBe(1);
  expect(counted(`${gates[3]}:started`)).toBe(0);
  expect(await gated(gates[3])).toMatchObject({ nth: 1 });
});

describe('stats', () => {
  test('are exact, of a function and of the pool', async () => {
    const pool = await open({ threads: 2 });
    const [gate, cell] = [fresh('stats'), fresh('stats')];
    const together = [gated(gate), gated(gate), gated(gate)];
    await reaches(`${gate}:started`, 1);
    lift(gate);
    await Promise.all(together);
    await gated(gate);
    await gated(gate);
    gated.peek(gate);
    gated.has(gate);
    await gated.with({ forceRefresh: true })(gate);
    await ordinal(cell);

    const counts = { hits: 2, misses: 2, waits: 2, computations: 2, evictions: 0, entries: 1 };
    const none = { errors: 0, cancelled: 0, lost: 0 };
    const [ofGated, ofOrdinal, all] = [gated.stats(), ordinal.stats(), pool.stats()];
    expect(ofGated).toMatchObject({
      ...counts,
      ...none,
      hitsIn: { near: 0, shared: 2, memory: 0, tiers: 0 },
    });
    expect(ofOrdinal).toMatchObject({ hits: 0, misses: 1, waits: 0, computations: 1, entries: 1 });
    expect(ofGated.computeMsSpent).toBeGreaterThan(0);
    expect(ofGated.computeMsSaved).toBeGreaterThan(0);
    expect(ofOrdinal.computeMsSaved).toBe(0);
    expect(ofGated.bytes).toBeGreaterThan(gated.key(gate).length - gated.id.length);

    expect(all).toMatchObject({
      hits: 2,
      misses: 3,
      waits: 2,
      computations: 3,
      entries: 2,
      ...none,
    });
    expect(all.functions).toEqual({ [gated.id]: ofGated, [ordinal.id]: ofOrdinal });
    for (const sum of ['bytes', 'computeMsSpent', 'computeMsSaved'] as const) {
      expect(all[sum]).toBe(ofGated[sum] + ofOrdinal[sum]);
    }

    await gated.clear();
    await until(() => gated.stats().entries === 0);
    expect(gated.stats()).toMatchObject({ ...counts, entries: 0, bytes: 0 });
    expect(pool.stats()).toMatchObject({ entries: 1, bytes: ofOrdinal.bytes });
  });
});
