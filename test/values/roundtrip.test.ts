import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ValueError } from '../../src/errors.ts';
import { Codec, type Encoded } from '../../src/protocol.ts';
import { decodeArgs, encodeArgs } from '../../src/values/args.ts';
import { decode, decodeAt } from '../../src/values/decode.ts';
import { encode } from '../../src/values/encode.ts';
import { cases } from '../effort.ts';
import { build, recipes, viewNames } from './recipes.ts';
import { cycles, refusals } from './refusals.ts';

const roundtrip = (value: unknown) => decode(encode(value, 'result'));
const patternAt = (lastIndex: number) => Object.assign(/a/g, { lastIndex });

/** The same bytes somewhere in the middle of other memory, at an odd place. */
function moved({ codec, bytes }: Encoded, memory: ArrayBufferLike): Encoded {
  const place = new Uint8Array(memory, 3, bytes.length);
  place.set(bytes);
  return { codec, bytes: place };
}

function expectOwnMemory({ bytes }: Encoded) {
  expect([bytes.byteOffset, bytes.buffer.byteLength]).toEqual([0, bytes.byteLength]);
  expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
}

describe('what is decoded is deep-strict-equal to what was encoded', () => {
  test('for any value', () => {
    fc.assert(
      fc.property(recipes, (recipe) => {
        const value = build(recipe, true);
        const encoded = encode(value, 'result');
        expectOwnMemory(encoded);
        const memory = new SharedArrayBuffer(encoded.bytes.length + 3);
        for (const each of [
          encoded,
          moved(encoded, new ArrayBuffer(memory.byteLength)),
          moved(encoded, memory),
        ]) {
          expect(isDeepStrictEqual(decode(each), value)).toBe(true);
        }
        const end = encoded.bytes.length + 3;
        const inPlace = decodeAt(Buffer.from(memory), 3, end, encoded.codec);
        expect(isDeepStrictEqual(inPlace, value)).toBe(true);
      }),
      { numRuns: cases(500) },
    );
  });

  test.each([
    [undefined, Codec.undefined],
    [null, Codec.null],
    [false, Codec.false],
    [true, Codec.true],
    [0, Codec.number],
    [-0, Codec.number],
    [Number.NaN, Codec.number],
    [-(2n ** 200n), Codec.bigint],
    ['', Codec.latin1],
    ['abcÿ', Codec.latin1],
    ['ÿ'.repeat(1000), Codec.latin1],
    ['Ā', Codec.utf16],
    ['\ud800x', Codec.utf16],
    [`${'x'.repeat(1000)}\udfff`, Codec.utf16],
    [Buffer.from('ab'), Codec.buffer],
    [new Uint8Array([1, 2]), Codec.uint8array],
    [[1, { a: 'x' }], Codec.plain],
    [new Map([[1, new Set([2n])]]), Codec.clone],
    [Object.create(null), Codec.repaired],
    [patternAt(3), Codec.repaired],
    [new Error('x'), Codec.repaired],
  ])('case %#: codec $1', (value, codec) => {
    const encoded = encode(value, 'result');
    expect(encoded.codec).toBe(codec);
    expectOwnMemory(encoded);
    expect(isDeepStrictEqual(decode(encoded), value)).toBe(true);
  });

  test('what clone loses is kept, wherever it stands', () => {
    const bare = Object.assign(Object.create(null), {
      pattern: patternAt(2),
      inner: Object.create(null),
    });
    const cause = Object.assign(new RangeError('inner', { cause: bare }), { name: 'Odd' });
    const failure = Object.assign(new AggregateError([cause, bare], 'outer', { cause }), {
      code: bare,
    });
    const value = {
      list: [undefined, bare],
      map: new Map([[bare, failure]]),
      set: new Set([bare, cause]),
    };
    const result = roundtrip(value) as typeof value;
    expect(isDeepStrictEqual(result, value)).toBe(true);
    const again = [...result.map.values()][0] as AggregateError;
    expect(again.stack).toBe(failure.stack);
    expect(again.errors[0]).toBe(again.cause);
    expect(again.cause).toHaveProperty('stack', cause.stack);
  });

  test('an invalid Date, a result of match(), a sparse array, an own __proto__', () => {
    expect((roundtrip(new Date(Number.NaN)) as Date).getTime()).toBeNaN();
    const sparse = new Array(1e9);
    sparse[5e8] = 1;
    for (const value of [
      'xay'.match(/(?<letter>a)/),
      sparse,
      JSON.parse('{"__proto__":{"a":1}}'),
    ]) {
      expect(isDeepStrictEqual(roundtrip(value), value)).toBe(true);
    }
  });

  test('the order of properties is kept', () => {
    expect(Object.keys(roundtrip({ b: 1, a: 2, 1: 3 }) as object)).toEqual(['1', 'b', 'a']);
  });

  test('what is shared within a value is shared again', () => {
    const shared = new Uint8Array([1]);
    const object = { shared };
    const [one, two, bytes] = roundtrip([object, object, shared]) as [
      typeof object,
      unknown,
      unknown,
    ];
    expect(one).toBe(two);
    expect(one.shared).toBe(bytes);
  });

  test('a structure that refers to its parts 2^60 times', () => {
    let value: unknown = Object.create(null);
    for (let i = 0; i < 60; i++) value = { left: value, right: value };
    expect(encode(value, 'result').bytes.length).toBeLessThan(5000);
  });
});

describe('nothing is shared', () => {
  test.each(viewNames)('%s: neither with the value, nor the bytes, nor another decoding', (as) => {
    const value = build({ is: 'bytes', as, bytes: [1, 2, 3, 4, 5, 6, 7, 8] });
    for (const wrapped of [
      { value },
      { value, map: new Map() },
      { value, bare: Object.create(null) },
    ]) {
      const encoded = encode(wrapped, 'result');
      const before = Buffer.from(encoded.bytes).toString('hex');
      const [one, two] = [decode(encoded), decode(encoded)] as { value: unknown }[];
      wipe(one?.value);
      expect(isDeepStrictEqual(two, wrapped)).toBe(true);
      wipe(value);
      expect(Buffer.from(encoded.bytes).toString('hex')).toBe(before);
      expect(Buffer.from(memoryOf(two?.value))[0]).toBe(1);
      expect(memoryOf(two?.value).byteLength).toBe(8);
      new Uint8Array(memoryOf(value)).set([1, 2, 3, 4, 5, 6, 7, 8], offsetOf(value));
    }
  });

  test.each([Buffer.from('ab'), new Uint8Array([97, 98])])('bytes alone', (value) => {
    const encoded = encode(value, 'result');
    const one = decode(encoded) as Uint8Array;
    value[0] = 0;
    one[1] = 0;
    const two = decode(encoded) as Uint8Array;
    expect([...two]).toEqual([97, 98]);
    expect([two.byteOffset, two.buffer.byteLength]).toEqual([0, 2]);
    expect(two.constructor).toBe(value.constructor);
  });

  test('the bytes can be transferred, also those of values without any', () => {
    for (const value of [undefined, undefined, true, 'x', [1], { a: Object.create(null) }]) {
      const { codec, bytes } = encode(value, 'result');
      const [arrived] = structuredClone([bytes], { transfer: [bytes.buffer as ArrayBuffer] });
      expect(decode({ codec, bytes: arrived as Uint8Array })).toEqual(value);
    }
  });
});

function memoryOf(value: unknown): ArrayBufferLike {
  return ArrayBuffer.isView(value) ? value.buffer : (value as ArrayBuffer);
}

function offsetOf(value: unknown): number {
  return ArrayBuffer.isView(value) ? value.byteOffset : 0;
}

function wipe(value: unknown) {
  new Uint8Array(memoryOf(value), offsetOf(value), 8).fill(0);
}

describe('a cycle is carried', () => {
  test.each(Object.entries(cycles()))('%s', (_, { value }) => {
    const arrived = decode(encode(value, 'result'));
    expect(isDeepStrictEqual(arrived, value)).toBe(true);
    const [sent] = decodeArgs(encodeArgs([value])) as unknown[];
    expect(isDeepStrictEqual(sent, value)).toBe(true);
  });

  test('with what structured clone loses put back, and a refusal that names the right place', () => {
    const tree = Object.assign(Object.create(null), { children: [] as object[], at: new Date(1) });
    tree.children.push({ parent: tree, pattern: /x/g }, { parent: tree });
    const arrived = decode(encode(tree, 'result')) as typeof tree;
    expect(arrived.children[0].parent).toBe(arrived);
    expect(Object.getPrototypeOf(arrived)).toBe(null);
    tree.children.push({ parent: tree, run: () => {} });
    expect(() => encode(tree, 'result')).toThrow(/^result\.children\[2]\.run is a function/);
  });
});

describe('a result that cannot cross', () => {
  test.each(Object.entries(refusals()))('%s', (_, { value, path, says }) => {
    const failure = (() => {
      try {
        return encode(value, 'result');
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(ValueError);
    expect((failure as ValueError).path).toBe(`result${path}`);
    expect((failure as ValueError).message).toContain(says);
    expect((failure as ValueError).message).toMatch(/Return .* instead\.$/s);
  });

  test('nested just deep enough, and one level too deep', () => {
    const nested = (levels: number) => {
      let value: unknown = 'x';
      for (let i = 0; i <= levels; i++) value = [value];
      return value;
    };
    expect(decode(encode(nested(1000), 'result'))).toEqual(nested(1000));
    expect(decodeArgs(encodeArgs([nested(999)]))).toEqual([nested(999)]);
    expect(() => encode(nested(1001), 'result')).toThrow('1,000 levels');
    expect(() => encode(nested(100_000), 'result')).toThrow('1,000 levels');
    expect(() => encodeArgs([nested(1000)])).toThrow('1,000 levels');
  });

  test('a value that changes while it is read', () => {
    let reads = 0;
    const value = {
      map: new Map(),
      get odd() {
        return reads++ === 0 ? 1 : () => {};
      },
    };
    expect(() => encode(value, 'result')).toThrow(ValueError);
  });
});

describe('arguments', () => {
  test('primitives go as they are, in an array of their own', () => {
    const args = [1, 'a', null, undefined, 2n, true];
    const crossing = encodeArgs(args);
    expect(crossing).toEqual(args);
    expect(crossing).not.toBe(args);
    expect(decodeArgs(crossing)).toEqual(args);
  });

  test('anything else goes as bytes', () => {
    const args = [1, { list: [Buffer.from('ab'), Object.create(null)] }, undefined];
    const crossing = encodeArgs(args);
    expect(crossing).not.toBeInstanceOf(Array);
    expect(isDeepStrictEqual(decodeArgs(crossing), args)).toBe(true);
  });
});
