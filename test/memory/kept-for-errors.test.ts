/** What only waits for an error to happen pushes out what is used, or is pushed out to the last. */

import { expect, test } from 'vitest';
import { FunctionRecord } from '../../src/coordinator/function-record.ts';
import { Memory } from '../../src/coordinator/memory.ts';
import type { Freshness } from '../../src/protocol.ts';
import { FakeClock } from '../fake-clock.ts';

const MOST = 100;
/** Of them. */
const SHARE = 5;
const TTL = 1000;

let lastId = 0;

function record(number: number, info: { freshness?: Freshness; ttl?: number } = {}) {
  const base = { id: `m.js#f${number}`, module: 'file:///m.js', versioned: true };
  return new FunctionRecord({ ...base, max: Number.POSITIVE_INFINITY, ...info }, number);
}

const freshness = {
  ...{ staleWhileRevalidate: 500, staleIfError: 1e9 },
  ...{ errorBackoff: 0, refreshAhead: 0 },
};

/** A full memory, half of it of a function with `staleIfError` that is dear to compute. */
function half(eviction: 'cost' | 'lru', enduring: FunctionRecord, ttlOf = (_n: number) => TTL) {
  const clock = new FakeClock();
  const limits = { eviction, max: MOST, maxSize: 2 ** 24, maxEntrySize: 2 ** 20 };
  const memory = new Memory(limits, clock);
  const keep = (fn: FunctionRecord, key: string, ms: number, ttl: number) =>
    memory.set(fn, key, { value: 7, ms, ttl }, ++lastId);
  const plain = record(1);
  for (let n = 0; n < MOST / 2; n++) keep(plain, `old ${n}`, 1, 1e9);
  for (let n = 0; n < MOST / 2; n++) keep(enduring, `dear ${n}`, 1000, ttlOf(n));
  const more = (count: number, ms = 1) => {
    for (let n = 0; n < count; n++) keep(plain, `new ${++lastId}`, ms, 1e9);
  };
  const left = () =>
    Array.from({ length: MOST / 2 }, (_, n) => n).filter((n) => memory.peek(enduring, `dear ${n}`));
  return { clock, memory, plain, more, left };
}

test.each(['cost', 'lru'] as const)(
  '%s: they go first, the oldest first, but for a few',
  (eviction) => {
    const enduring = record(0, { freshness, ttl: TTL });
    const { clock, plain, more, left } = half(eviction, enduring);
    // Still answered while they are refreshed.
    clock.advance(TTL + 499);
    more(SHARE);
    expect(left().length).toBe(MOST / 2);
    clock.advance(1);
    more(10);
    expect(left().length).toBe(MOST / 2 - 10);
    expect(plain.counters.entries).toBe(MOST / 2 + (MOST / 2 - left().length));
    more(MOST / 2 - 10 - SHARE);
    expect(left().length).toBe(SHARE);
    const oldest = left()[0] as number;
    expect(left()).toEqual(Array.from({ length: SHARE }, (_, n) => oldest + n));
    more(1);
    expect(left().length).toBe(SHARE);
  },
);

test('where each has an end of its own they are found all the same', () => {
  const enduring = record(0, { freshness });
  // One that is fresh for long stands before all others.
  const { clock, more, left } = half('cost', enduring, (n) => (n === 0 ? 1e8 : TTL));
  clock.advance(TTL + 500);
  more(MOST / 2 - 1 - SHARE);
  expect(left().length).toBe(SHARE + 1);
  expect(left()).toContain(0);
});

test('what was forgotten is none of them', () => {
  const enduring = record(0, { freshness, ttl: TTL });
  const { clock, memory, more, left } = half('lru', enduring);
  clock.advance(TTL + 500);
  more(1);
  for (const n of left()) memory.delete(enduring, `dear ${n}`);
  const { evictions } = enduring.counters;
  more(MOST);
  expect(enduring.counters.evictions).toBe(evictions);
});
