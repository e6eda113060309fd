/** A `key` that forgets to choose gives every caller the first caller's value. */

import { describe, expect, test } from 'vitest';
import { KeyError } from '../../src/errors.ts';
import { canonicalKey } from '../../src/keys/canonical.ts';
import { chosenKey } from '../../src/keys/chosen.ts';
import { encodeArgs } from '../../src/values/args.ts';

function failureOf(chosen: unknown): KeyError {
  try {
    chosenKey([], chosen);
  } catch (error) {
    if (error instanceof KeyError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('what tells no calls apart is refused, with words', () => {
  test.each([
    ['braces without return', undefined, 'is undefined'],
    ['the number of what is no number', Number('x'), 'is NaN'],
    ['an invalid date', new Date('x'), 'is an invalid Date'],
    ['a list of a missing property', [undefined], 'nothing but undefined and NaN'],
    ['a list of several', [undefined, Number.NaN, new Date('x')], 'nothing but undefined and NaN'],
    ['a list of holes', new Array(2), 'nothing but undefined and NaN'],
    ['a record of a missing property', { id: undefined }, 'nothing but undefined and NaN'],
    ['a record in a record', { page: { id: undefined } }, 'nothing but undefined and NaN'],
    ['a list of lists', [[undefined], [{ at: Number.NaN }]], 'nothing but undefined and NaN'],
    ['a set', new Set([undefined]), 'nothing but undefined and NaN'],
  ])('%s', (_, chosen, says) => {
    const error = failureOf(chosen);
    expect(error).toMatchObject({ path: 'key(...)', code: 'ERR_THREADMEMO_KEY' });
    expect(error.message).toContain(says);
    expect(error.message).toContain('return');
  });
});

test('what tells calls apart, or says that nothing does, is a key like any other', () => {
  const keys = [
    ...[null, '', 0, false, 'undefined', 'NaN', [], {}, new Map(), [null]],
    ...[['path', undefined], [undefined, 'de'], { id: 1, lang: undefined }, [0, Number.NaN], [[]]],
    ...[new Map([['a', undefined]]), [{ id: undefined }, [0]], { page: { id: undefined, at: '' } }],
  ];
  for (const chosen of keys) expect(chosenKey([], chosen)).toBe(canonicalKey([chosen]));
});

test('a promise is refused, and its failure is no unhandled rejection', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  expect(failureOf(Promise.reject(new Error('late'))).message).toContain('a Promise');
  await new Promise(setImmediate);
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

describe('arguments that cannot be sent are refused whether a value is cached or not', () => {
  test('a cycle can be sent, and is refused where the key is made of it', () => {
    const cyclic: unknown[] = [];
    cyclic.push({ cyclic });
    expect(() => canonicalKey([cyclic])).toThrow(
      expect.objectContaining({ path: 'args[0][0].cyclic' }),
    );
    expect(chosenKey([cyclic], 'a')).toBe(canonicalKey(['a']));
  });

  test.each(['cause', 'errors', 'deep'])('an error within itself is not sent: its %s', (name) => {
    const error = new Error('m') as Error & Record<string, unknown>;
    error[name] = name === 'cause' ? error : [{ error }];
    const path = name === 'cause' ? 'args[0].list[0].cause' : `args[0].list[0].${name}[0].error`;
    const refused = expect.objectContaining({ path, message: expect.stringContaining('a cycle') });
    expect(() => chosenKey([{ list: [error] }], 'a')).toThrow(refused);
    expect(() => encodeArgs([{ list: [error] }])).toThrow(refused);
  });

  test('an error that is there twice, and one whose cause has a cycle of its own, are sent', () => {
    const [error, cyclic] = [new Error('twice'), [] as unknown[]];
    cyclic.push(cyclic);
    const args = [error, { error }, new Error('m', { cause: { error, cyclic } })];
    expect(chosenKey(args, 'a')).toBe(canonicalKey(['a']));
    expect(() => encodeArgs(args)).not.toThrow();
  });

  test('an error whose stack is a function is not sent', () => {
    const error = Object.assign(new Error('m'), { stack: () => {} });
    const refused = expect.objectContaining({ path: 'args[0].stack' });
    expect(() => chosenKey([error], 'a')).toThrow(refused);
    expect(() => encodeArgs([error])).toThrow(refused);
  });

  test.each([
    ['a function beside the items of a list', Object.assign([1], { log() {} }), 'args[0].log'],
  ])('%s', (_, argument, path) => {
    expect(() => canonicalKey([argument])).toThrow(expect.objectContaining({ path }));
    expect(() => chosenKey([argument], 'a')).toThrow(expect.objectContaining({ path }));
  });

  test('of a list that is mostly holes, only what is in it is looked at', () => {
    const sparse: unknown[] = [];
    sparse[2 ** 32 - 2] = 1;
    expect(chosenKey([{ sparse }], 'a')).toBe(canonicalKey(['a']));
    sparse[2 ** 31] = () => {};
    expect(() => chosenKey([{ sparse }], 'a')).toThrow('args[0].sparse[2147483648] is a function');
  });
});
