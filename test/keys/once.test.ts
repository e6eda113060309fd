/** A `key` option may be costly, or count: a call asks it once, whatever becomes of the call. */

import { expect, test } from 'vitest';
import { countKeys, countsKeys, keysInThread } from '../fixtures/argument-kinds.ts';
import { fresh } from '../fixtures/counters-and-gates.ts';
import { openForAll } from '../threads/open.ts';

openForAll({ threads: 1 });

test('on the main thread', async () => {
  const cell = fresh('keys');
  const made: Record<string, number> = {};
  const row = { n: 1 };
  await countKeys(cell, made, {
    peekNothing: () => countsKeys.peek(row, cell, false),
    miss: () => countsKeys(row, cell, false),
    hit: () => countsKeys(row, cell, false),
    peek: () => countsKeys.peek(row, cell, false),
    has: () => countsKeys.has(row, cell, false),
    refresh: () => countsKeys.with({ forceRefresh: true })(row, cell, false),
    failure: () => countsKeys(row, cell, true),
    fork: () => countsKeys.fork({ n: 2 }, cell, false),
    key: () => countsKeys.key(row, cell, false),
    invalidate: () => countsKeys.invalidate(row, cell, false),
  });
  expect(Object.entries(made).filter(([, times]) => times !== 1)).toEqual([]);
});

test('two calls that are answered by one computation', async () => {
  const cell = fresh('keys');
  const made: Record<string, number> = {};
  await countKeys(cell, made, {
    two: () => Promise.all([countsKeys({ n: 1 }, cell, false), countsKeys({ n: 1 }, cell, false)]),
  });
  expect(made).toEqual({ two: 2 });
});

test('in a thread of the pool', async () => {
  expect(await keysInThread(fresh('keys'))).toEqual({
    miss: 1,
    hit: 1,
    syncMiss: 1,
    syncHit: 1,
    fork: 1,
  });
});

test('of an argument with a getter, whose answer may change, it is asked about the copy again', async () => {
  const cell = fresh('keys');
  const made: Record<string, number> = {};
  const row = {
    get n() {
      return 1;
    },
  };
  await countKeys(cell, made, {
    miss: () => countsKeys(row, cell, false),
    hit: () => countsKeys(row, cell, false),
  });
  expect(made).toEqual({ miss: 2, hit: 1 });
});
