/** Data of another realm, as Jest's, vm's and windows' is: refused, or given another key. */

import { createContext, runInContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { KeyError, ValueError } from '../../src/errors.ts';
import { canonicalKey } from '../../src/keys/canonical.ts';
import { decode } from '../../src/values/decode.ts';
import { encode } from '../../src/values/encode.ts';
import { toShared } from '../../src/values/shared.ts';

const context = createContext({});
const foreign = (source: string): unknown => runInContext(`(${source})`, context);
// Source that means the same here and there.
const here = (source: string): unknown => Function(`return (${source})`)();

const alike = [
  ...['[1, 2]', '[]', '[1, , 3]', '{ a: 1, b: { c: [null, undefined] } }', 'Object.create(null)'],
  ...['new Map([[1, { a: 1 }]])', 'new Set([[1], "x"])', 'new Date(5)', '/a/gi', 'Object(1n)'],
  ...[
    'Object("text")',
    'new TypeError("no")',
    'new Error("x", { cause: [1] })',
    'new ArrayBuffer(3)',
  ],
  ...[
    'new AggregateError([new RangeError("y")], "z")',
    'new Uint8Array([1, 2])',
    '[new Date(NaN)]',
  ],
  ...['new Float64Array([0.5, -0])', 'new DataView(new ArrayBuffer(2))', 'new BigInt64Array(100)'],
  '[new Map([[new Set([/x/]), new Uint16Array(40)]]), { deep: [[[{}]]] }]',
];

describe('is the same as the own', () => {
  test.each(alike)('%s', (source) => {
    const own = here(source);
    const other = foreign(source);
    expect(Object.getPrototypeOf(other) === Object.getPrototypeOf(own)).toBe(
      Object.getPrototypeOf(own) === null,
    );
    expect(canonicalKey([other])).toBe(canonicalKey([own]));
    expect(canonicalKey([{ in: [other] }])).toBe(canonicalKey([{ in: [own] }]));
    const copy = decode(encode(other, 'result'));
    expect(copy).toEqual(own);
    expect(Object.getPrototypeOf(copy)).toBe(Object.getPrototypeOf(own));
    expect(decode(encode([own, other], 'result'))).toEqual([own, own]);
  });

  test('bytes to be shared', () => {
    const { bytes } = toShared(foreign('new Uint8Array([1, 2])'), 'result') as {
      bytes: Uint8Array;
    };
    expect([...bytes]).toEqual([1, 2]);
  });
});

describe('what is no data stays refused', () => {
  const refused = {
    'an instance of a class': 'new (class Point { x = 1 })()',
    'of a class called Array': 'new (class Array { length = 0 })()',
    'of a class called Object': 'new (class Object { a = 1 })()',
    'of a class derived from Array': 'new (class List extends Array {})()',
    'of a class derived from Map': 'new (class Index extends Map {})()',
    'of a class derived from Error': 'new (class Failure extends Error {})()',
    'an object that inherits data': 'Object.create({ a: 1 })',
    'an array with the prototype of a Map': 'Object.setPrototypeOf([], Map.prototype)',
    'a plain object that says it is a Map': 'Object.create(Map.prototype)',
    'a function': '() => 1',
    'a Proxy': 'new Proxy({}, {})',
    'a Promise': 'Promise.resolve(1)',
    'a WeakMap': 'new WeakMap()',
    'a constructor that was put there': 'Object.create({ constructor: Object })',
    'a bound constructor': 'Object.create({ constructor: Array.bind(null) })',
  };
  test.each(Object.entries(refused))('%s', (_, source) => {
    for (const value of [foreign(source), here(source)]) {
      expect(() => canonicalKey([value])).toThrow(KeyError);
      expect(() => encode(value, 'result')).toThrow(ValueError);
    }
  });
});

test('the environment is data', () => {
  process.env['THREADMEMO_TEST'] = 'x';
  const plain = { ...process.env };
  expect(canonicalKey([process.env])).toBe(canonicalKey([plain]));
  expect(decode(encode({ env: process.env }, 'result'))).toEqual({ env: plain });
  expect(() => encode(new Map([[1, process.env]]), 'result')).toThrow(/process\.env \}/);
  delete process.env['THREADMEMO_TEST'];
  expect(canonicalKey([process.env])).not.toBe(canonicalKey([plain]));
});
