/**
 * The place of a large value is taken by thousands of small ones: it is computed again and again
 * because there is never enough room at once, or it is kept although it was invalidated meanwhile.
 */

import { beforeEach, describe, expect, test } from 'vitest';
import type { ArenaShare } from '../../src/arena/layout.ts';
import { ArenaReader } from '../../src/arena/reader.ts';
import { FunctionRecord } from '../../src/coordinator/function-record.ts';
import { Memory } from '../../src/coordinator/memory.ts';
import { type CacheAccess, Codec, type Portable } from '../../src/protocol.ts';
import { inFull } from '../effort.ts';
import { FakeClock } from '../fake-clock.ts';

/** All that is done is in proportion to it. */
const MIB = inFull ? 2 ** 20 : 2 ** 17;
const limits = {
  eviction: 'lru' as const,
  max: Number.POSITIVE_INFINITY,
  maxSize: 8 * MIB,
  maxEntrySize: 4 * MIB,
};

let clock: FakeClock;
let memory: Memory;
let small: FunctionRecord;
let large: FunctionRecord;
let lastId = 0;
let warnings: string[];

function record(number: number, max = Number.POSITIVE_INFINITY): FunctionRecord {
  const info = { id: `m.js#f${number}`, module: 'file:///m.js', max, versioned: true };
  return new FunctionRecord(info, number);
}

function ofSize(bytes: number): Portable {
  return { codec: Codec.uint8array, bytes: new Uint8Array(new SharedArrayBuffer(bytes)) };
}

function keep(fn: FunctionRecord, key: string, value: Portable, ttl = 1e6): number {
  memory.set(fn, key, { value, ms: 1, ttl }, ++lastId);
  return lastId;
}

function fill(): void {
  const most = MIB / 10;
  for (let n = 0; n < most; n++) keep(small, `small ${n}`, n);
  expect(memory.size).toBeGreaterThan(0.8 * most);
}

/** Until nothing is left to be done. */
function settle(most = 2000): void {
  for (let turn = 0; turn < most && !clock.idle; turn++) clock.turn();
  expect(clock.idle).toBe(true);
}

beforeEach(() => {
  clock = new FakeClock();
  warnings = [];
  memory = new Memory(limits, clock, (_, text) => warnings.push(text));
  small = record(0);
  large = record(1);
});

describe('a large value where memory is full of small ones', () => {
  beforeEach(fill);

  test.each([1 * MIB, 3.5 * MIB])(
    'of %d bytes is kept the first time, and is found at once',
    (bytes) => {
      const id = keep(large, 'k', ofSize(bytes));
      expect(memory.get(large, 'k')?.id).toBe(id);
      expect(memory.peek(large, 'k')?.id).toBe(id);
      expect(large.counters.entries).toBe(0);
      settle();
      expect(large.counters.entries).toBe(1);
      expect(memory.get(large, 'k')?.id).toBe(id);
      expect(memory.usage().used).toBeLessThanOrEqual(limits.maxSize);
      expect(large.counters.notKept).toEqual({ tooLarge: 0, noRoom: 0, declined: 0 });
    },
  );

  test('costs no more in one turn than a step', () => {
    keep(large, 'k', ofSize(3 * MIB));
    let before = memory.size;
    for (let turn = 0; turn < 2000 && !clock.idle; turn++) {
      clock.turn();
      expect(before - memory.size).toBeLessThanOrEqual(500);
      before = memory.size;
    }
  });

  test.each<[string, () => void]>([
    ['invalidated', () => memory.delete(large, 'k')],
    ['cleared', () => memory.clear(large)],
    ['found to be of a lease that has ended', () => memory.deleteIf(large, 'k', lastId)],
    ['expired', () => clock.advance(2e6)],
  ])('is not kept when it was %s while room was made', (_, end) => {
    keep(large, 'k', ofSize(2 * MIB));
    clock.turn();
    end();
    expect(memory.peek(large, 'k')).toBeUndefined();
    settle();
    expect(memory.get(large, 'k')).toBeUndefined();
    expect(large.counters.entries).toBe(0);
  });

  test('a newer one of its key is what is kept', () => {
    keep(large, 'k', ofSize(2 * MIB));
    clock.turn();
    const id = keep(large, 'k', ofSize(1 * MIB));
    settle();
    expect(memory.get(large, 'k')?.id).toBe(id);
    expect(large.counters.entries).toBe(1);
  });

  test('several take turns; what would be too much to hold meanwhile is not kept, and is counted', () => {
    for (let n = 0; n < 5; n++) keep(large, `k${n}`, ofSize(0.9 * MIB));
    settle();
    expect(large.counters.entries).toBe(2);
    expect(large.counters.notKept.noRoom).toBe(3);
  });

  test('while small ones go on to be stored', () => {
    const id = keep(large, 'k', ofSize(3 * MIB));
    for (let turn = 0; large.counters.entries === 0 && turn < 1000; turn++) {
      for (let n = 0; n < 50; n++) keep(small, `more ${turn} ${n}`, n);
      clock.turn();
    }
    expect(memory.get(large, 'k')?.id).toBe(id);
    expect(large.counters.entries).toBe(1);
  });
});

describe('a value that is too large', () => {
  test.each([4.01, 7.6, 7.9, 8, 20])(
    'of %d MiB evicts nothing, is counted, and warned of once',
    (mib) => {
      memory = new Memory(
        { ...limits, maxEntrySize: mib < 7 ? 4 * MIB : 40 * MIB },
        clock,
        (_, text) => warnings.push(text),
      );
      for (let n = 0; n < 1000; n++) keep(small, `small ${n}`, n);
      for (let n = 0; n < 3; n++) keep(large, 'k', ofSize(mib * MIB));
      settle();
      expect(small.counters).toMatchObject({ entries: 1000, evictions: 0 });
      expect(large.counters.notKept.tooLarge).toBe(3);
      expect(warnings).toEqual([expect.stringMatching(/m\.js#f1 takes .* MiB.* maxEntrySize/)]);
    },
  );

  test('the largest that is not refused is kept, whatever was there before', () => {
    memory = new Memory({ ...limits, maxEntrySize: 8 * MIB }, clock);
    fill();
    memory.clear(small);
    settle();
    let bytes = 8 * MIB;
    do {
      bytes -= 16_384;
      keep(large, 'k', ofSize(bytes));
      settle();
    } while (!memory.peek(large, 'k') && large.counters.notKept.noRoom === 0);
    expect(large.counters).toMatchObject({ entries: 1, notKept: { noRoom: 0 } });
    expect(bytes).toBeGreaterThan(0.75 * 8 * MIB);
  });
});

test('what its own options decline is counted as that', () => {
  const none = record(2, 0);
  keep(none, 'k', 1);
  keep(large, 'k', 1, 0);
  expect([none, large].map((fn) => fn.counters.notKept.declined)).toEqual([1, 1]);
});

describe('the newest entry is never the victim', () => {
  /** A thread that reads, and marks what it uses. */
  function reading(): (fn: FunctionRecord, key: string) => void {
    const { share, slot } = memory.readers.join() as CacheAccess;
    const reader = new ArenaReader(share as ArenaShare, slot);
    return (fn, key) => {
      expect(reader.find(fn.number, key, clock.now())).toBe(true);
      reader.mark(reader.handle);
      reader.leave();
    };
  }

  test.each([1, 2, 5])('of max %d of a function', (max) => {
    const fn = record(3, max);
    const use = reading();
    for (let n = 0; n < 20; n++) {
      const id = keep(fn, `${n}`, n);
      expect(memory.peek(fn, `${n}`)?.id).toBe(id);
      for (let old = Math.max(0, n - max + 1); old <= n; old++) use(fn, `${old}`);
      expect(fn.counters.entries).toBe(Math.min(n + 1, max));
    }
  });

  test('of max of the pool', () => {
    memory = new Memory({ ...limits, max: 2 }, clock);
    const use = reading();
    for (let n = 0; n < 20; n++) {
      const id = keep(small, `${n}`, n);
      expect(memory.peek(small, `${n}`)?.id).toBe(id);
      use(small, `${n}`);
      expect(memory.size).toBe(Math.min(n + 1, 2));
    }
  });
});
