/** `items.map(f)` makes the index and the whole list part of every key, unnoticed. */

import { expect, onTestFinished, test, vi } from 'vitest';
import { fromLists, fromLists2, listed, loose } from '../fixtures/list-callbacks.ts';
import { openForAll } from './open.ts';

openForAll({ threads: 1 });

/** The warnings that come until the test is over. */
function warnings(): string[] {
  const said: string[] = [];
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation((text) => {
    said.push(String(text));
  });
  onTestFinished(() => emit.mockRestore());
  return said;
}

test('is warned of, once a function', async () => {
  const said = warnings();
  const items = ['a', 'b', 'c'];
  expect(await Promise.all(items.map(fromLists))).toEqual(['A', 'B', 'C']);
  await Promise.all(items.map(fromLists.fork));
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(
    /list-callbacks\.js#fromLists was called .*items\.map\(\(item\) => f\(item\)\)/,
  );
  await Promise.all([Number.NaN, 1].map(fromLists2 as (n: number) => Promise<unknown>));
  expect(said).toHaveLength(2);
});

test('calls that merely have three arguments, or a third that is a list, are no such calls', async () => {
  const said = warnings();
  await listed('a', 0, ['a', 'b']);
  await (loose as (...args: unknown[]) => Promise<unknown>)('a', 1, ['a', 'b']);
  await (loose as (...args: unknown[]) => Promise<unknown>)('a', 'x', ['a']);
  await (loose as (...args: unknown[]) => Promise<unknown>)('a', 0, { 0: 'a' });
  expect(said).toEqual([]);
});
