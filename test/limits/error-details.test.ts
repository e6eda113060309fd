/** An error that does not say what it is about: which function, which key, where that is known. */

import { KeyError, OptionError, PoolClosedError, ValueError } from 'threadmemo';
import { expect, test } from 'vitest';
import { fresh } from '../fixtures/counters-and-gates.ts';
import { increment } from '../fixtures/quick.ts';
import { makes } from '../fixtures/result-kinds.ts';
import { taggedAsSaid } from '../fixtures/tagged.ts';
import { open, rejection } from '../threads/open.ts';

const noKey = (() => {}) as unknown as number;

test('of arguments that make no key', async () => {
  await open({ threads: 0 });
  const ways = [
    increment(noKey),
    increment.with({ timeout: '1s' })(noKey),
    increment.set([noKey], 1),
    increment.invalidate(noKey),
    increment.explain(noKey),
  ];
  for (const error of await Promise.all(ways.map(rejection))) {
    expect(error).toBeInstanceOf(KeyError);
    expect(error).toMatchObject({ functionId: increment.id, path: 'args[0]' });
  }
  expect(() => increment.peek(noKey)).toThrow(
    expect.objectContaining({ functionId: increment.id }),
  );
});

test('of a value that is refused', async () => {
  await open({ threads: 0 });
  const refused = await rejection(increment.set([1], noKey));
  expect(refused).toBeInstanceOf(ValueError);
  const [functionId, key] = [increment.id, increment.key(1)];
  expect(refused).toMatchObject({ functionId, key, path: 'value' });
});

test.each([0, 1])('of what an option returned, and crosses, with %i threads', async (threads) => {
  await open({ threads });
  const error = await rejection(taggedAsSaid(fresh('said'), 'page'));
  expect(error).toBeInstanceOf(OptionError);
  expect(error).toMatchObject({ functionId: taggedAsSaid.id });
  const result = await rejection(makes('symbol', fresh('made')));
  expect(result).toBeInstanceOf(ValueError);
  expect(result).toMatchObject({ functionId: makes.id, path: 'result' });
});

test('of a pool that was closed', async () => {
  const pool = await open({ threads: 0 });
  await pool.close();
  const [functionId, key] = [increment.id, increment.key(1)];
  for (const error of await Promise.all(
    [increment(1), increment.set([1], 2)].map((each: Promise<unknown>) => rejection(each)),
  )) {
    expect(error).toBeInstanceOf(PoolClosedError);
    expect(error).toMatchObject({ functionId, key });
  }
});
