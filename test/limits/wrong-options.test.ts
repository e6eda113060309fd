/** A wrong or misspelt option is a silent default. */

import { createPool, memoize, OptionError } from 'threadmemo';
import { describe, expect, test } from 'vitest';
import { resolvePoolOptions } from '../../dist/src/main/pool-options.js';
import { increment } from '../../workers/quick.ts';
import { rejection } from '../threads/open.ts';

const duration = "milliseconds, or text such as '500ms', '10s', '5m', '1h' or '7d'";
const size = "bytes, or text such as '64kb', '256mb' or '2gb'";

/** The option, what is wrong with it, how its value is shown, and what it must be. */
type Wrong = readonly [option: string, value: unknown, shown: string, right: string];

const memoizeOptions: readonly Wrong[] = [
  ['name', '', "''", 'a text'],
  ['name', 7, '7', 'a text'],
  ['version', 2, '2', 'a text'],
  ['ttl', -1, '-1', duration],
  ['ttl', Number.NaN, 'NaN', duration],
  ['ttl', 'soon', "'soon'", duration],
  ['ttl', '10 parsecs', "'10 parsecs'", duration],
  ['ttl', null, 'null', duration],
  ['max', -1, '-1', 'a whole number from 0 up'],
  ['max', 1.5, '1.5', 'a whole number from 0 up'],
  ['max', '10', "'10'", 'a whole number from 0 up'],
  ['key', 'id', "'id'", 'a function'],
  ['key', null, 'null', 'a function'],
  ['cache', true, 'true', 'a function'],
  ['cache', false, 'false', 'a function'],
  ['values', 'own', "'own'", "'copy', 'frozen' or 'shared'"],
];

const callOptions: readonly Wrong[] = [
  ['signal', new AbortController(), 'AbortController', 'an AbortSignal'],
  ['signal', null, 'null', 'an AbortSignal'],
  ['timeout', -5, '-5', duration],
  ['timeout', 'never', "'never'", duration],
  ['timeout', Number.NaN, 'NaN', duration],
  ['forceRefresh', 1, '1', 'true or false'],
];

const poolOptions: readonly Wrong[] = [
  ['threads', 0, '0', 'a whole number from 1 to 1024'],
  ['threads', 2.5, '2.5', 'a whole number from 1 to 1024'],
  ['max', -1, '-1', 'a whole number from 0 up'],
  ['maxSize', -1, '-1', size],
  ['maxSize', Number.NaN, 'NaN', size],
  ['maxSize', 'much', "'much'", size],
  ['maxSize', '64mib', "'64mib'", size],
  ['maxSize', '12 monkeys', "'12 monkeys'", size],
  ['maxEntrySize', '1 MB or so', "'1 MB or so'", size],
  ['maxEntrySize', true, 'true', size],
  ['maxQueue', -1, '-1', 'a whole number from 0 up'],
  ['attempts', 0, '0', 'a whole number from 1 up'],
  ['tiers', 'disk', "'disk'", 'an array of tiers'],
  ['tiers', [{ name: 'disk' }], "name: 'disk'", 'tier'],
  ['worker', 4, '4', 'an object'],
  ['worker', null, 'null', 'an object'],
];

function expectWrong(error: unknown, [option, , shown, right]: Wrong): void {
  expect(error).toBeInstanceOf(OptionError);
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toMatchObject({ code: 'ERR_THREADMEMO_OPTION', name: 'OptionError' });
  const { message } = error as OptionError;
  expect(message).toContain(option);
  expect(message).toContain(shown);
  expect(message).toContain(right);
}

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('it was accepted');
}

const fn = (n: number) => n;

describe('memoize', () => {
  test.each(memoizeOptions)('%s: %o', (...wrong) => {
    const [option, value] = wrong;
    const given = { name: `wrong ${option} ${String(value)}`, [option]: value };
    expectWrong(
      thrownBy(() => memoize(import.meta.url, fn, given)),
      wrong,
    );
  });

  test.each([
    ['an anonymous function', () => memoize(import.meta.url, () => 1), 'name'],
    ['no function', () => memoize(import.meta.url, 7 as never, { name: 'x' }), 'function'],
    ['nothing', () => memoize(import.meta.url, undefined as never), 'function'],
    ['no options', () => memoize(import.meta.url, fn, null as never), 'options'],
  ])('%s', (_, run, about) => {
    const error = thrownBy(run);
    expect(error).toBeInstanceOf(OptionError);
    expect((error as OptionError).message).toContain(about);
  });
});

describe('with', () => {
  test.each(callOptions)('%s: %o', (...wrong) => {
    const [option, value] = wrong;
    expectWrong(
      thrownBy(() => increment.with({ [option]: value })),
      wrong,
    );
  });
});

describe('createPool', () => {
  test.each(poolOptions)('%s: %o', async (...wrong) => {
    const [option, value] = wrong;
    const opened = createPool({ threads: 1, [option]: value });
    // Should it be accepted, then it must not stay open for the next one.
    opened.then((pool) => pool.close()).catch(() => undefined);
    expectWrong(await rejection(opened), wrong);
  });

  test('an infinite number of threads', () => {
    const threads = Number.POSITIVE_INFINITY;
    // Not through createPool(): should it be accepted, then the machine would not survive it.
    const error = thrownBy(() => resolvePoolOptions({ threads }));
    expectWrong(error, ['threads', threads, 'Infinity', 'a whole number from 1 to 1024']);
  });
});

describe('an option that does not exist', () => {
  const given = { maxsize: 7 } as never;
  test.each([
    ['memoize', async () => memoize(import.meta.url, fn, given), "no option 'maxsize'", 'values'],
    ['with', async () => increment.with(given), "no option 'maxsize'", 'forceRefresh'],
    ['createPool', () => createPool(given), "no option 'maxsize'", 'maxSize'],
    ['createPool', () => createPool({ worker: given }), "no option 'worker.maxsize'", 'worker.env'],
  ])('%s names it, and those that there are', async (where, run, what, known) => {
    const error = await rejection(run());
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toContain(where);
    expect(error.message).toContain(what);
    expect(error.message).toContain(known);
  });
});

describe('the module', () => {
  test.each([[undefined], [null], [''], ['render.ts'], ['https://a.b/c.js'], [{ url: 7 }], [7]])(
    '%o is none',
    (module) => {
      const error = thrownBy(() => memoize(module as never, fn, { name: 'wrong module' }));
      expect(error).toBeInstanceOf(OptionError);
      expect((error as OptionError).message).toMatch(/^module is .*it must be import\.meta/);
    },
  );
});
