/** Calls that block: recursion over several threads, circles, and waits that could never end. */

import { CycleError, ThreadError } from 'threadmemo';
import { describe, expect, test } from 'vitest';
import { inFull, variants } from '../effort.ts';
import {
  asks,
  asksThenBlocks,
  blocksForObeys,
  blocksForParked,
  blocksForThat,
  catchesSync,
  deep,
  editDistance,
  even,
  failing,
  hangsBlocked,
  odd,
  parked,
  partitions,
  ringSync,
  suspended,
  wants,
  weighsLarge,
} from '../fixtures/blocking.ts';
import { count, counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { open, openForAll, rejection, until } from './open.ts';

/** One row of the matrix after the other. */
function levenshtein(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const char of a) {
    const next = [(row[0] as number) + 1];
    for (let at = 1; at <= b.length; at++) {
      const [up = 0, diagonal = 0, left = 0] = [row[at], row[at - 1], next[at - 1]];
      next.push(Math.min(up + 1, left + 1, diagonal + (b[at - 1] === char ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) as number;
}

test.each(variants([2, 1, 4], 1))(
  'a recursion in %i threads computes each key once',
  async (threads) => {
    const pool = await open({ threads });
    const [largest, counts] = inFull
      ? [60, [966467, 831820, 715220, 614154]]
      : [40, [37338, 31185, 26015, 21637]];
    const all = counts.map((_, at) => partitions(largest - at, largest - at));
    expect(await Promise.all(all)).toEqual(counts);
    const { computations, entries, duplicates } = pool.stats();
    expect(computations).toBe(entries + duplicates);
  },
);

test.runIf(inFull)(
  'threads that begin at different ends meet, and the answers are right',
  async () => {
    const pool = await open({ threads: 2 });
    const [a, b] = ['kitten in the kitchen', 'sitting on the chicken'];
    const tails = Array.from({ length: 8 }, (_, at) => editDistance(a.slice(at), b.slice(at)));
    const distances = await Promise.all([editDistance(a, b), editDistance(b, a), ...tails]);
    const expected = Array.from({ length: 8 }, (_, at) => levenshtein(a.slice(at), b.slice(at)));
    expect(distances).toEqual([levenshtein(a, b), levenshtein(a, b), ...expected]);
    const { computations, entries, duplicates } = pool.stats();
    expect(computations).toBe(entries + duplicates);
  },
);

test.runIf(inFull)(
  'what is cached, and what another thread computes, is not computed again',
  async () => {
    const pool = await open({ threads: 2 });
    await partitions(30, 30);
    const before = pool.stats().computations;
    expect(await Promise.all([asks(30, 'a'), asks(30, 'b')])).toEqual([5604, 5604]);
    expect(pool.stats().computations).toBe(before + 2);
  },
);

test('on a thread of no pool it is refused', async () => {
  expect(() => partitions.sync(3, 3)).toThrow(ThreadError);
  await open({ threads: 1 });
  expect(() => failing.sync('no')).toThrow(/belongs to no pool/);
});

describe('in two threads', () => {
  openForAll({ threads: 2 });

  test('two functions that call each other', async () => {
    expect(await Promise.all([even(300), odd(300), even(301), odd(301)])).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  test.each([1, 2, 5])(
    'a recursion that comes back to itself after %i fails, with its keys',
    async (size) => {
      const errors = await Promise.all(
        Array.from({ length: size }, (_, n) => rejection(ringSync(n, size))),
      );
      for (const error of errors) {
        expect(error).toBeInstanceOf(CycleError);
        const { cycle = [] } = error as CycleError;
        expect(cycle.length).toBe(size + 1);
        expect(cycle[0]).toBe(cycle.at(-1));
      }
    },
  );

  test('an error arrives as it was thrown, from here, from elsewhere and again', async () => {
    const seen = await Promise.all([1, 2, 3].map((caller) => catchesSync('no', caller)));
    const as = { name: 'RangeError', code: 'E_TEST', message: 'no', own: true };
    expect(seen).toEqual([as, as, as]);
  });

  test('a computation that is told to stop stops waiting', async () => {
    const gate = fresh('stopped');
    const holding = suspended(gate);
    await reaches(`${gate}:suspended`, 1);
    const abort = new AbortController();
    const blocked = hangsBlocked.with({ signal: abort.signal })(gate);
    await reaches(`${gate}:hangs`, 1);
    abort.abort(new Error('enough'));
    expect((await rejection(blocked)).message).toBe('enough');
    await reaches(`${gate}:AbortError`, 1);
    lift(gate);
    expect(await holding).toBe(1);
  });
});

describe('in one thread', () => {
  openForAll({ threads: 1 });

  test('a function that returns a promise cannot be waited for; its value can be had later', async () => {
    const gate = fresh('asynchronous');
    expect(await rejection(hangsBlocked(gate))).toBeInstanceOf(ThreadError);
    const value = suspended(gate);
    lift(gate);
    expect(await value).toBe(1);
  });

  test('a large value that is computed inline is read before its memory is handed over', async () => {
    expect(await weighsLarge(50_000)).toBe(350_000);
  });
});

test.runIf(inFull)(
  'a circle through a thread that is blocked is left by computing a second time',
  async () => {
    const pool = await open({ threads: 3 });
    const gate = fresh('circle');
    const elsewhere = suspended(gate);
    await reaches(`${gate}:suspended`, 1);
    const first = parked(gate);
    await reaches(`${gate}:parked`, 1);
    const second = blocksForParked(gate);
    await reaches(`${gate}:ready`, 1);
    // For this there is only the thread in which `parked` waits, and can then not go on.
    const third = blocksForThat(gate);
    await until(() => blocksForParked.stats().waits === 1);
    count(`${gate}:block`);
    expect(await Promise.all([second, third])).toEqual([2, 2]);
    expect(pool.stats().duplicates).toBe(1);
    lift(gate);
    expect(await Promise.all([elsewhere, first])).toEqual([1, 1]);
  },
);

test('a lease for a thread that is blocked goes on to another', async () => {
  const pool = await open({ threads: 2 });
  const gate = fresh('passed');
  expect(await Promise.all([wants(gate, 900), asksThenBlocks(gate, 900)])).toEqual([1, [1, 1]]);
  expect([counted('partitions:900:1'), pool.stats().duplicates]).toEqual([1, 0]);
});

test.runIf(inFull)('a recursion that is too deep fails, and its threads go on', async () => {
  const pool = await open({ threads: 2 });
  for (let n = 0; n < 3; n++) {
    expect(await rejection(deep(100_000 + n))).toBeInstanceOf(RangeError);
  }
  expect(await Promise.all([partitions(5, 5), partitions(6, 6), deep(100)])).toEqual([7, 11, 100]);
  expect(pool.stats().threadsLost).toBe(0);
});

test('what is computed inline for a computation that is told to stop is told to stop, too', async () => {
  const pool = await open({ threads: 1 });
  const gate = fresh('inline');
  const abort = new AbortController();
  const call = blocksForObeys.with({ signal: abort.signal })(gate);
  await reaches(`${gate}:obeys`, 1);
  abort.abort(new Error('enough'));
  expect((await rejection(call)).message).toBe('enough');
  await reaches(`${gate}:told`, 1);
  expect(pool.stats().threadsLost).toBe(0);
});
