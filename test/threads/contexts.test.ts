/** The asynchronous context of one caller in a thread stays in it, and later computations run in it. */

import { expect, test } from 'vitest';
import { asks, blocks, looks, seen } from '../fixtures/contexts.ts';
import { openForAll } from './open.ts';

openForAll({ threads: 1 });

const numbers = Array.from({ length: 100 }, (_, n) => n + 1);

test.each([
  ['blocks in it', blocks],
  ['looks for its signal in it', looks],
  ['leaves a call to the pool in it', asks],
] as const)('of a function that %s', async (name, call) => {
  const pairs = numbers.map((n) => [call(n), seen(n + name.length * 1000)] as const);
  await Promise.all(pairs.map(([one]) => one));
  const contexts = await Promise.all(pairs.map(([, context]) => context));
  expect(new Set(contexts)).toEqual(new Set([null]));
});

test('a call that is left to the pool runs in no context of its caller', async () => {
  const contexts = await Promise.all(numbers.map((n) => asks(n)));
  expect(new Set(contexts)).toEqual(new Set([null]));
});
