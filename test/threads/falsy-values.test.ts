/** A falsy value is taken for a miss, and computed again; or a cached `undefined` for none. */

import { expect, test } from 'vitest';
import { counted, fresh } from '../fixtures/counters-and-gates.ts';
import { type Falsy, falsy, falsyValues, looksAtFalsy } from '../fixtures/falsy-values.ts';
import { openForAll } from './open.ts';

openForAll({ threads: 2 });

test.each(Object.entries(falsyValues) as [Falsy, unknown][])('%s', async (which, value) => {
  const cell = fresh('falsy');
  expect(falsy.has(cell, which)).toBe(false);
  expect(falsy.peek(cell, which)).toBe(undefined);

  const together = await Promise.all([falsy(cell, which), falsy(cell, which)]);
  // `toBe` is Object.is: it tells 0 from -0.
  for (const each of together) expect(each).toBe(value);
  expect(await falsy(cell, which)).toBe(value);
  expect(falsy.has(cell, which)).toBe(true);
  expect(falsy.peek(cell, which)).toBe(value);

  const inThread = await looksAtFalsy(cell, which);
  expect(inThread.has).toBe(true);
  expect(inThread.peek).toBe(value);
  expect(inThread.value).toBe(value);
  expect(counted(cell)).toBe(1);
});

test.each(Object.entries(falsyValues) as [Falsy, unknown][])(
  '%s of a thread',
  async (which, value) => {
    const cell = fresh('falsy');
    const inThread = await looksAtFalsy(cell, which);
    expect(inThread.has).toBe(false);
    expect(inThread.peek).toBe(undefined);
    expect(inThread.value).toBe(value);
    expect(falsy.has(cell, which)).toBe(true);
    expect(await falsy(cell, which)).toBe(value);
    expect(counted(cell)).toBe(1);
  },
);
