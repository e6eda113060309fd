/** An error is as large as what it complains of: it is copied to threads, logs and trackers. */

import { inspect } from 'node:util';
import { CycleError, KeyError, memoize, OptionError, ValueError } from 'threadmemo';
import { expect, test } from 'vitest';
import { canonicalKey } from '../../src/keys/canonical.ts';
import { encode } from '../../src/values/encode.ts';

const LONG = 'x'.repeat(20_000_000);

class Odd {}
Object.defineProperty(Odd, 'name', { value: LONG });

/** Things that cannot cross, with something long about them. */
const long: Record<string, unknown> = {
  'the name of a property': { [LONG]: () => 1 },
  'the name of an odd property': { [`"${LONG}`]: [() => 1] },
  'a key of a map': new Map([[LONG, () => 1]]),
  'the name of a class': new Odd(),
  'the description of a symbol': { [Symbol(LONG)]: 1 },
  'a property that is lost': Object.assign(new Map(), { [LONG]: 1 }),
  'many levels': nested(900),
};

function nested(levels: number): unknown {
  let value: unknown = () => 1;
  for (let level = 0; level < levels; level++) value = { [`${level}${'y'.repeat(1000)}`]: value };
  return value;
}

test.each(Object.entries(long))('%s', (_, value) => {
  for (const refuse of [() => canonicalKey([value]), () => encode(value, 'result')]) {
    const error = thrownBy(refuse);
    expect([KeyError, ValueError].some((each) => error instanceof each)).toBe(true);
    expect(error.message.length).toBeLessThan(1000);
    expect(inspect(error, { maxStringLength: null }).length).toBeLessThan(20_000);
    const { path = '' } = error as KeyError;
    expect(path.length).toBeLessThan(5000);
    expect(path).toMatch(/^(args\[0\]|result)/);
  }
});

test('a cycle of many keys has its two ends', () => {
  const keys = Array.from({ length: 100_000 }, (_, at) => `f(${at})`);
  const error = new CycleError(keys.join(' → '), { cycle: keys, key: LONG, functionId: LONG });
  const { cycle = [], key = '', functionId = '' } = error;
  expect([cycle[0], cycle.at(-1), cycle.length]).toEqual(['f(0)', 'f(99999)', 200]);
  expect(Math.max(key.length, functionId.length)).toBeLessThan(5000);
  expect(error.message.length).toBeLessThan(20_000);
  expect(error.message).toMatch(/^f\(0\).* \.\.\. .*f\(99999\)$/);
});

test('names and versions, which all keys have in them, have a limit', () => {
  const fn = () => 1;
  for (const options of [{ name: LONG }, { name: 'long', version: LONG }]) {
    const error = thrownBy(() => memoize(import.meta.url, fn, options));
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toContain('at most 1000 characters');
    expect(error.message.length).toBeLessThan(500);
  }
});

function thrownBy(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
