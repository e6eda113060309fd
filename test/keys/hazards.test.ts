import { describe, expect, test } from 'vitest';
import { canonicalKey, canonicalKeyOf } from '../../src/keys/canonical.ts';

const patternAt = (lastIndex: number) => Object.assign(/a/g, { lastIndex });
const bytesOf = (length: number, last: number) => new Uint8Array(length).fill(last, length - 1);
const long = 'x'.repeat(2000);
const { Float16Array } = globalThis as { Float16Array?: new (items: number[]) => unknown };

describe('different arguments have different keys', () => {
  const lists: Record<string, readonly (readonly unknown[])[]> = {
    'missing arguments and undefined': [[], [undefined], [undefined, undefined], [null]],
    'holes and undefined': [
      [[undefined]],
      [new Array(1)],
      [[]],
      [new Array(2)],
      [[undefined, undefined]],
    ],
    'a hole among the arguments': [new Array(1), [undefined], []],
    'a missing property and undefined': [
      [{}],
      [{ a: undefined }],
      [{ a: null }],
      [{ b: undefined }],
    ],
    zeros: [[0], [-0], ['0'], [0n], [false], [''], [new Number(0)], [[0]], [[-0]]],
    'not quite numbers': [
      [Number.NaN],
      [null],
      ['NaN'],
      [Infinity],
      [-Infinity],
      [new Date(Number.NaN)],
    ],
    'Map, object, Set, array': [[new Map()], [{}], [new Set()], [[]], [Object.create(null)]],
    'what a Map holds': [
      [new Map([['a', 1]])],
      [{ a: 1 }],
      [[['a', 1]]],
      [new Map<unknown, unknown>([[1, 'a']])],
      [new Set(['a', 1])],
      [new Set([['a', 1]])],
      [new Map([[['a'], 1]])],
    ],
    'a Date and its texts': [[new Date(0)], ['1970-01-01T00:00:00.000Z'], [0], [new Date(1)]],
    nesting: [
      [[['a'], 'b']],
      [['a', ['b']]],
      [['a', 'b']],
      ['a', 'b'],
      [['a'], ['b']],
      [[['a', 'b']]],
    ],
    'quotes and separators': [[["a','b"]], [['a', 'b']], [['a,b']], ['a', 'b'], ['a,b'], ['a";"b']],
    'text that looks like a code': [['s1:a'], ['a'], ['(s1:a'], ['u'], [undefined], ['#1;'], [1]],
    'keys with separators': [[{ 'a:1': 1 }], [{ a: 1, 1: 1 }], [{ 'a,1': 1 }], [{ a: { 1: 1 } }]],
    'text that looks like the rest of a code': [['a;sb'], ['a', 'b'], ['a;', 'b'], ['a', ';b']],
    'a key that holds a part of its value': [[{ a: 's1:x' }], [{ 'a:s4': 'x' }], [{ 'a:s': 'x' }]],
    'lone surrogates': [['\ud800'], ['\udfff'], ['\ufffd'], ['\ud800\udc00']],
    'long lone surrogates': [[`${long}\ud800`], [`${long}\udfff`], [`${long}\ufffd`], [`${long}ÿ`]],
    'long keys': [[{ [`${long}\ud800`]: 1 }], [{ [`${long}\ud801`]: 1 }]],
    'long text and where it stands': [
      [long],
      [[long]],
      [new String(long)],
      [{ a: long }],
      [long, long],
    ],
    'the digest of a text and the text': [
      [long],
      [canonicalKey([long])],
      [canonicalKey([long]).slice(1)],
    ],
    boxed: [
      [new Number(1)],
      [1],
      [new String('1')],
      ['1'],
      [Object(1n)],
      [1n],
      [new Boolean(true)],
      [true],
    ],
    patterns: [[/a/], [/a/g], [/b/], [patternAt(1)], ['/a/'], [{}]],
    'classes of bytes': [
      [Buffer.from('ab')],
      [new Uint8Array([97, 98])],
      [new Int8Array([97, 98])],
      [new Uint8ClampedArray([97, 98])],
      [new Uint16Array([0x6261])],
      [new DataView(new Uint8Array([97, 98]).buffer)],
      [new Uint8Array([97, 98]).buffer],
      [[97, 98]],
      ['ab'],
      ...(Float16Array ? [[new Float16Array([0])]] : []),
    ],
    'many bytes': [
      [bytesOf(65, 0)],
      [bytesOf(65, 1)],
      [bytesOf(64, 1)],
      [Buffer.from(bytesOf(65, 1))],
    ],
    errors: [
      [new Error('a')],
      [new TypeError('a')],
      [new Error('b')],
      [new Error('a', { cause: 1 })],
      [new Error('a', { cause: undefined })],
      [Object.assign(new Error('a'), { cause: 1 })],
      [Object.assign(new Error('a'), { code: 1 })],
      [Object.assign(new Error('a'), { name: 'Error' })],
      [Object.defineProperty(new Error('a'), 'name', { value: 'TypeError' })],
      [new AggregateError([], 'a')],
      [new AggregateError([1], 'a')],
      [{ message: 'a' }],
    ],
    'named properties of arrays': [['x'.match(/x/)], [['x']], [Object.assign(['x'], { a: 1 })]],
    'own __proto__': [[JSON.parse('{"__proto__":1}')], [{}], [JSON.parse('{"__proto__":2}')]],
  };

  test.each(Object.entries(lists))('%s', (_, all) => {
    expect(new Set(all.map((args) => canonicalKey(args))).size).toBe(all.length);
  });
});

describe('equal arguments have equal keys', () => {
  const shared = { deep: ['x'] };
  const pairs: Record<string, readonly [unknown, unknown]> = {
    'order of keys': [
      { b: 1, a: 2, 10: 3, 9: 4 },
      { 9: 4, a: 2, 10: 3, b: 1 },
    ],
    'order of a Map': [
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
      new Map([
        ['b', 2],
        ['a', 1],
      ]),
    ],
    'order of a Set of objects': [
      new Set([{ a: 1 }, { b: 1 }, 'c']),
      new Set(['c', { b: 1 }, { a: 1 }]),
    ],
    'sharing or not': [
      [shared, shared],
      [{ deep: ['x'] }, { deep: ['x'] }],
    ],
    'invalid Dates': [new Date(Number.NaN), new Date('nonsense')],
    'where the bytes lie': [new Uint8Array([0, 1, 2]).subarray(1), new Uint8Array([1, 2])],
    'Buffers from the pool and not': [
      Buffer.from('ab'),
      Buffer.from(new Uint8Array([97, 98]).buffer),
    ],
    stacks: [new Error('a'), new Error('a')],
    'hidden properties': [Object.defineProperty({ a: 1 }, 'b', { value: 2 }), { a: 1 }],
    'getters and values': [
      {
        get a() {
          return 1;
        },
      },
      { a: 1 },
    ],
    'ropes and flat strings': [['ab'.repeat(600), 'c'].join(''), `${'ab'.repeat(600)}c`],
  };

  test.each(Object.entries(pairs))('%s', (_, [one, two]) => {
    expect(canonicalKey([one])).toBe(canonicalKey([two]));
  });

  test('a value alone and as the only argument', () => {
    expect(canonicalKeyOf({ a: [1] }, 'key(...)')).toBe(canonicalKey([{ a: [1] }]));
  });
});

describe('keys stay small and cheap', () => {
  test('never longer than 128 characters, never empty', () => {
    for (const value of [
      'x'.repeat(119),
      'x'.repeat(500),
      long,
      Buffer.alloc(1000),
      [long, long],
    ]) {
      expect(canonicalKey([value]).length).toBeLessThanOrEqual(128);
    }
    expect(canonicalKey([])).not.toBe('');
  });

  test('an array with a billion holes', () => {
    const sparse = new Array(1e9);
    sparse[5e8] = 'x';
    expect(canonicalKey([sparse])).not.toBe(canonicalKey([new Array(1e9)]));
  });

  test('a structure that refers to its parts 2^60 times', () => {
    const doubled = (leaf: unknown) => {
      let value: unknown = leaf;
      for (let i = 0; i < 60; i++) value = { left: value, right: value };
      return value;
    };
    expect(canonicalKey([doubled([1])])).toBe(canonicalKey([doubled([1])]));
    expect(canonicalKey([doubled([1])])).not.toBe(canonicalKey([doubled([2])]));
  });

  test('a part has the same code before and after it is remembered', () => {
    const many = (leaf: () => unknown) => [Array.from({ length: 200 }, leaf)];
    const one = { a: 1 };
    expect(canonicalKey(many(() => one))).toBe(canonicalKey(many(() => ({ a: 1 }))));
  });
});
