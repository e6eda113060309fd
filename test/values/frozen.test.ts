import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalKey } from '../../src/keys/canonical.ts';
import { decode } from '../../src/values/decode.ts';
import { encode } from '../../src/values/encode.ts';
import { deepFreeze } from '../../src/values/frozen.ts';
import { cases } from '../effort.ts';
import { build, recipes } from './recipes.ts';

describe('a deeply frozen value', () => {
  test('is the same object, and equal to what it was', () => {
    fc.assert(
      fc.property(recipes, (recipe) => {
        const value = build(recipe, true);
        expect(deepFreeze(value)).toBe(value);
        expect(isDeepStrictEqual(value, build(recipe, true))).toBe(true);
        expect(isDeepStrictEqual(decode(encode(value, 'result')), build(recipe, true))).toBe(true);
        expect(canonicalKey([value])).toBe(canonicalKey([build(recipe, true)]));
      }),
      { numRuns: cases(200) },
    );
  });

  test('cannot be changed by a careless caller', () => {
    const value = deepFreeze({
      list: [{ a: 1 }],
      map: new Map([[{ k: 1 }, { v: 1 }]]),
      set: new Set([[1]]),
      date: new Date(0),
      error: new Error('x', { cause: { a: 1 } }),
    });
    const [[key, entry]] = [...value.map] as [[{ k: number }, { v: number }]];
    const changes: (() => unknown)[] = [
      () => value.list.push({ a: 2 }),
      () => Object.assign(value.list[0] as object, { a: 2 }),
      () => value.map.set({ k: 2 }, { v: 2 }),
      () => value.map.delete(key),
      () => value.map.clear(),
      () => Object.assign(key, { k: 2 }),
      () => Object.assign(entry, { v: 2 }),
      () => value.set.add([2]),
      () => value.set.delete([1]),
      () => value.set.clear(),
      () => [...value.set][0]?.push(2),
      () => value.date.setTime(1),
      () => value.date.setFullYear(1999),
      () => Object.assign(value.error, { message: 'y' }),
      () => Object.assign(value.error.cause as object, { a: 2 }),
    ];
    for (const change of changes) expect(change).toThrow(TypeError);
    expect([value.date.getTime(), value.map.size, value.set.size]).toEqual([0, 1, 1]);
  });

  test('bytes stay writable, and primitives are what they are', () => {
    const value = deepFreeze({ bytes: new Uint8Array(2), buffer: Buffer.alloc(1) });
    value.bytes[0] = 1;
    expect([...value.bytes]).toEqual([1, 0]);
    for (const each of [undefined, null, 1, 'a']) expect(deepFreeze(each)).toBe(each);
  });

  test('cycles, frozen parts, shared parts and great depth', () => {
    const self: { me?: unknown; inner: object } = { inner: Object.freeze({ open: { a: 1 } }) };
    self.me = self;
    deepFreeze(self);
    expect(Object.isFrozen((self.inner as { open: object }).open)).toBe(true);
    let deep: unknown = [];
    for (let i = 0; i < 100_000; i++) deep = [deep, deep];
    expect(Object.isFrozen(deepFreeze(deep))).toBe(true);
    expect(() => deepFreeze(Object.freeze(new Map()))).not.toThrow();
  });
});
