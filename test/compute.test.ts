/** What runs a function needs nothing of a pool's thread: every side can run functions. */

import { memoize } from 'threadmemo';
import { expect, test } from 'vitest';
import { type Definition, definitionOf } from '../src/call/registry.ts';
import { currentComputation } from '../src/compute/computation.ts';
import { Running } from '../src/compute/running.ts';

const LEASE = 7;

function define(name: string, fn: (n: number) => unknown): Definition {
  const { id } = memoize(import.meta.url, fn, { name });
  return definitionOf(id) as Definition;
}

test('a synchronous function: the outcome is there at once', () => {
  const occupant = new Int32Array(1);
  const definition = define('adds', (n) => n + (occupant[0] ?? 0));
  const outcome = new Running(occupant).run(LEASE, () => ({ definition, args: [1] }));
  expect(outcome).toMatchObject({ type: 'complete', lease: LEASE, value: 1 + LEASE });
  expect(occupant[0]).toBe(0);
});

test('an asynchronous one knows its computation after an await, and no other code does', async () => {
  const running = new Running(new Int32Array(1));
  const seen: unknown[] = [];
  const definition = define('awaits', async () => {
    await null;
    seen.push(currentComputation()?.lease);
  });
  const outcome = running.run(LEASE, () => ({ definition, args: [1] }));
  expect([running.size, currentComputation()]).toEqual([1, undefined]);
  expect(await outcome).toMatchObject({ type: 'complete', value: undefined });
  expect(seen).toEqual([LEASE]);
  expect(running.size).toBe(0);
});

test('what it throws is the outcome', () => {
  const definition = define('throws', () => {
    throw new RangeError('as it was told');
  });
  const outcome = new Running(new Int32Array(1)).run(LEASE, () => ({ definition, args: [1] }));
  expect(outcome).toMatchObject({ type: 'fail', lease: LEASE });
});
