/**
 * Errors of a user's own classes arrive as what they are, where both threads have the class. This test
 * runner evaluates modules in its own way, so the main thread has those of the `errors` option only;
 * `test/package/` has the rest.
 */

import { describe, expect, test } from 'vitest';
import { caught, classes, passing, throwing } from '../fixtures/custom-errors.ts';
import { openForAll, rejection } from './open.ts';

openForAll({ threads: 2 });

describe('on the main thread', () => {
  test.each([throwing, passing])('a class that the errors option names: $id', async (call) => {
    const error = await rejection(call('Hidden'));
    expect(error).toBeInstanceOf(classes.Hidden);
    expect(error).toMatchObject({ name: 'Error', message: 'page', hidden: true });
  });

  test('a class that is not found: the nearest builtin one, with name, code and fields', async () => {
    const error = await rejection(throwing('Unknown'));
    expect(Object.getPrototypeOf(error)).toBe(RangeError.prototype);
    expect(error).toMatchObject({ name: 'RangeError', message: 'page', code: 'E_UNKNOWN' });
  });

  test('fields that are not enumerable arrive, and those that cannot cross are named', async () => {
    const error = await rejection(throwing('NotFound'));
    expect(Object.getOwnPropertyDescriptor(error, 'issues')).toMatchObject({
      value: ['no page'],
      enumerable: false,
    });
    expect(error).toMatchObject({ status: 404, what: 'page', lostFields: ['socket'] });
  });
});

test('a worker thread has the classes that the module exports, and those that are named', async () => {
  expect(await caught('NotFound')).toEqual({ isNotFound: true, isHidden: false });
  expect(await caught('Gone')).toEqual({ isNotFound: true, isHidden: false });
  expect(await caught('Hidden')).toEqual({ isNotFound: false, isHidden: true });
});
