/** A function's module is loaded in a thread; if it cannot be, the call fails and says why. */

import { LoadError } from 'threadmemo';
import { expect, test } from 'vitest';
import * as conditional from '../../workers/conditional.ts';
import * as unloadable from '../../workers/unloadable.ts';
import { typed } from './app/typed.ts';
import { openForAll, rejection } from './open.ts';

openForAll({ threads: 1 });

test.each([
  ['does not define it there', conditional, /does not memoize/],
  ['throws there', unloadable, /could not load/],
])('the module %s', async (_, module, reason) => {
  const [fn] = Object.values(module) as ((n: number) => Promise<unknown>)[];
  const error = await rejection((fn as (n: number) => Promise<unknown>)(1));
  expect(error).toBeInstanceOf(LoadError);
  expect(error.message).toMatch(reason);
});

test('a module of TypeScript, in a program that was started without a loader', async () => {
  expect(await typed(1)).toBe('1');
});
