/** An error is computed again at every call, is kept against an invalidation, or pushes out values. */

import { invalidateTags, OptionError } from 'threadmemo';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { performance } from '../../build/src/runtime/globals.js';
import { inFull, variants } from '../effort.ts';
import {
  asksStock,
  failsInside,
  failsLate,
  laterStock,
  mainStock,
  OutOfStock,
  recovers,
  stock,
  stockAsSaid,
} from '../fixtures/cached-errors.ts';
import { counted, fresh, lift } from '../fixtures/counters-and-gates.ts';
import { Guest } from '../threads/guest.ts';
import { open, rejection, until } from '../threads/open.ts';
import { OneProcess } from './one-process.ts';

// The copy whose clock is at hand.
vi.mock('threadmemo', () => import('../../build/src/index.js'));

/** The coordinator's clock goes on by so many milliseconds. */
function later(ms: number): void {
  const now = performance.now.bind(performance);
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => now() + ms);
  onTestFinished(() => spy.mockRestore());
}

describe.each(variants([1, 0], 1))('in a pool with %i threads', (threads) => {
  test.each([
    ['returns', stock],
    ['awaits', laterStock],
    ['is of main', mainStock],
  ] as const)(
    'an error of a function that %s is an answer until its time is over',
    async (_, fn) => {
      await open({ threads });
      const name = fresh('stock');
      for (let n = 0; n < 3; n++) {
        const error = await rejection(fn(name));
        expect(error).toBeInstanceOf(OutOfStock);
        expect(error).toMatchObject({ code: 'OUT_OF_STOCK', nth: 1, message: 'computation 1' });
        expect(error.cause).toBeInstanceOf(RangeError);
      }
      expect(fn.stats()).toMatchObject({
        ...{ errorHits: 2, hits: 0, misses: 1, waits: 0, computations: 1, errors: 1, entries: 0 },
      });
      expect([fn.has(name), fn.peek(name)]).toEqual([false, undefined]);
      expect(fn.stats().errorHits).toBe(2);
      later(60_000);
      expect(await rejection(fn(name))).toMatchObject({ nth: 2 });
    },
  );

  test('it is forgotten by invalidate, clear, and a value', async () => {
    await open({ threads });
    const name = fresh('stock');
    const nth = async () => ((await rejection(stock(name))) as OutOfStock).nth;
    expect(await nth()).toBe(1);
    await stock.invalidate(name);
    expect(await nth()).toBe(2);
    await stock.clear();
    expect(await nth()).toBe(3);
    expect(await rejection(stock.with({ forceRefresh: true })(name))).toMatchObject({ nth: 4 });
    expect(await nth()).toBe(4);
    await stock.set([name], 7);
    expect(await stock(name)).toBe(7);
    await stock.invalidate(name);
    expect(await nth()).toBe(5);
    expect(await rejection(stock.with({ maxAge: 0 })(name))).toMatchObject({ nth: 6 });
  });

  test('calls in threads get it, whichever way they ask', async () => {
    await open({ threads });
    const name = fresh('stock');
    await rejection(stock(name));
    for (const way of ['call', 'sync', 'fork'] as const) {
      expect(await asksStock(name, way, fresh('caller'))).toEqual({ isOne: true, nth: 1 });
    }
    expect(counted(name)).toBe(1);
  });
});

test('an attached thread gets it, and has it kept', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  const name = fresh('stock');
  expect(await rejection(guest.ask('call', 'stock', name))).toMatchObject({ code: 'OUT_OF_STOCK' });
  await until(() => stock.stats().errors === 1);
  expect(await rejection(stock(name))).toMatchObject({ nth: 1 });
  expect(await rejection(guest.ask('sync', 'stock', name))).toMatchObject({ code: 'OUT_OF_STOCK' });
  expect(counted(name)).toBe(1);
});

test('a function decides with the error and the arguments', async () => {
  await open({ threads: 1 });
  const [kept, not, wrong] = [fresh('kept'), fresh('not'), fresh('wrong')];
  for (const nth of [1, 1]) expect(await rejection(stockAsSaid(kept, '1m'))).toMatchObject({ nth });
  for (const nth of [1, 2]) expect(await rejection(stockAsSaid(not, false))).toMatchObject({ nth });
  const error = await rejection(stockAsSaid(wrong, 'soon'));
  expect(error).toBeInstanceOf(OptionError);
  expect(error.message).toContain('what cacheErrors of');
});

test.each(variants(['nested', 'abort', 'timeout'], 1))(
  'what says nothing about the arguments is not kept: %s',
  async (how) => {
    await open({ threads: 1 });
    const name = fresh('inside');
    await rejection(failsInside(name, how));
    await rejection(failsInside(name, how));
    expect(counted(name)).toBe(2);
  },
);

test('a success is kept, and its error is no answer any more', async () => {
  await open({ threads: 1 });
  const name = fresh('recovers');
  await rejection(recovers(name));
  expect(await recovers.with({ forceRefresh: true })(name)).toBe('computation 2');
  expect(await recovers(name)).toBe('computation 2');
  expect(recovers.stats()).toMatchObject({ hits: 1, errorHits: 0 });
});

test('of a function with tags it is forgotten with any tag, also while it is computed', async () => {
  await open({ threads: 1 });
  const name = fresh('late');
  const first = rejection(failsLate(name));
  await until(() => failsLate.stats().computations === 1);
  await invalidateTags('another');
  lift(name);
  expect(await first).toMatchObject({ nth: 1 });
  expect(await rejection(failsLate(name))).toMatchObject({ nth: 2 });
  expect(await rejection(failsLate(name))).toMatchObject({ nth: 2 });
  await invalidateTags('late');
  expect(await rejection(failsLate(name))).toMatchObject({ nth: 3 });
});

test('while a stale value is answered for it, an error is not kept', async () => {
  const process = new OneProcess({ withTier: false });
  const freshness = {
    staleWhileRevalidate: 0,
    staleIfError: 1000,
    errorBackoff: 0,
    refreshAhead: 0,
  };
  const fn = process.fn('m.js#f', { freshness });
  await process.compute(fn, '1', 7, 100);
  process.clock.advance(500);
  const fail = () => {
    const caller = process.call(fn, '1', true);
    const { id = 0 } = process.lease(fn, '1') ?? {};
    const error = { codec: 12 as const, bytes: new Uint8Array(5) };
    process.coordinator.settle({ type: 'fail', lease: id, error, ms: 1, keepMs: 1e9 });
    return caller.answer?.state;
  };
  expect([fail(), fail()]).toEqual(['failure', 'failure']);
  expect(fn.counters).toMatchObject({ errorHits: 0, computations: 3 });
  process.clock.advance(5000);
  fail();
  process.call(fn, '1');
  expect(fn.counters.errorHits).toBe(1);
});

test.runIf(inFull)(
  'errors of random keys push out errors, and no values; the one used least lately goes first',
  async () => {
    const process = new OneProcess({ withTier: false });
    const fn = process.fn('m.js#f');
    await process.compute(fn, 'value', 7, Number.POSITIVE_INFINITY);
    const fail = (key: string) => {
      const caller = process.call(fn, key);
      const lease = process.lease(fn, key);
      const error = { codec: 12 as const, bytes: new Uint8Array(500) };
      if (lease)
        process.coordinator.settle({ type: 'fail', lease: lease.id, error, ms: 1, keepMs: 1e9 });
      return caller.answer?.state;
    };
    for (let n = 0; n < 5000; n++) {
      expect(fail(String(n))).toBe('failure');
      // Used again and again.
      if (n % 100 === 0) expect(fail('0')).toBe('failure');
    }
    expect(fn.counters).toMatchObject({
      errorHits: 50,
      computations: 5001,
      evictions: 0,
      entries: 1,
    });
    fail('4999');
    fail('1');
    expect(fn.counters).toMatchObject({ errorHits: 51, computations: 5002 });
  },
);
