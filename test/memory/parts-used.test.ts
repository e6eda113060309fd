/** What a computation has used, where it is made of a few parts and of very many. */

import { expect, test } from 'vitest';
import { FunctionRecord } from '../../src/coordinator/function-record.ts';
import { PartsUsed } from '../../src/coordinator/parts.ts';
import { marksOfPart, wholeMark } from '../../src/tags/dependencies.ts';

const fn = new FunctionRecord({ id: 'leaf' } as FunctionRecord['info'], 1);
const freshUntil = Number.POSITIVE_INFINITY;

test('a few parts are noted by key', () => {
  const parts = new PartsUsed();
  for (let nth = 0; nth < 3; nth++) parts.use({ fn, key: `${nth}`, marks: [], freshUntil });
  expect(parts.marksWith([])).toEqual(
    expect.arrayContaining(['0', '1', '2'].flatMap((key) => marksOfPart('leaf', key))),
  );
});

test('of a hundred thousand only the function is', () => {
  const parts = new PartsUsed();
  for (let nth = 0; nth < 100_000; nth++) parts.use({ fn, key: `${nth}`, marks: [], freshUntil });
  expect(parts.marksWith([])).toEqual([wholeMark('leaf')]);
});
