/** A thread has two copies of the package, as under tsx: each takes the other's errors for its own. */

import { expect, test } from 'vitest';
import { CycleError, KeyError, MemoError, OptionError } from '../../src/errors.ts';

test("an error of the other copy is an instance of this one's class, and of no other", async () => {
  const copy = '../../src/errors.ts?another';
  const other: typeof import('../../src/errors.ts') = await import(/* @vite-ignore */ copy);
  expect(other.CycleError).not.toBe(CycleError);
  const error: unknown = new other.CycleError('a circle');
  class Own extends CycleError {}
  const classes = [CycleError, MemoError, Error, KeyError, OptionError, Own];
  expect(classes.map((each) => error instanceof each)).toEqual([
    ...[true, true, true],
    ...[false, false, false],
  ]);
  const alike = Object.assign(new Error('alike'), { code: CycleError.code });
  expect([alike instanceof CycleError, alike instanceof MemoError]).toEqual([false, false]);
});
