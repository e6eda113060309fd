/** Plain data, which has a form of its own: what is in it, what is not, and that nothing is lost. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Codec, type Encoded } from '../../src/protocol.ts';
import { decode, decodeAt } from '../../src/values/decode.ts';
import { encode } from '../../src/values/encode.ts';
import { PlainWriter } from '../../src/values/plain-writer.ts';
import { cases } from '../effort.ts';
import { difference } from './difference.ts';
import { build, recipes, viewNames } from './recipes.ts';

const encodeResult = (value: unknown) => encode(value, 'result');

/** Read where it lies, and from the middle of shared memory. */
function readings({ codec, bytes }: Encoded): unknown[] {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 20)).fill(255);
  shared.set(bytes, 9);
  const before = Buffer.from(shared).toString('hex');
  const end = 9 + bytes.length;
  const values = [
    decode({ codec, bytes }),
    decode({ codec, bytes: shared.subarray(9, end) }),
    decodeAt(shared, 9, end, codec),
    decodeAt(Buffer.from(shared.buffer, 4), 5, end - 4, codec),
  ];
  expect(Buffer.from(shared).toString('hex')).toBe(before);
  return values;
}

function expectSame(value: unknown, codec: Codec) {
  const encoded = encodeResult(value);
  expect(encoded.codec).toBe(codec);
  for (const each of readings(encoded)) expect(difference(value, each)).toBeUndefined();
}

const someNames = [
  ...['a', 'b', 'c', 'é', 'Ā', '\ud800', '', '0', '10', 'a\0b', '\0', 'length', 'toJSON'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', 'x'.repeat(300)],
];
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('\ud800', 'x\udfff', '\0', '"\\', 'ÿ', ...someNames),
  fc
    .tuple(
      fc.constantFrom('x', 'ÿ', 'Ā', '\udc00'),
      fc.constantFrom(12, 63, 64, 254, 255, 256, 700),
    )
    .map(([character, length]) => character.repeat(length)),
);
const numbers = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, -1, 127, 128, 32767, 32768, -32768, -32769, 2 ** 31, -(2 ** 31)),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31 - 1, 2 ** 53, 5e-324),
);
const plainValues = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 2, arbitrary: texts },
    { weight: 2, arbitrary: numbers },
    fc.constantFrom(true, false, null, undefined, 0n, -(2n ** 70n)),
    fc.date({ noInvalidDate: false }),
    fc
      .constantFrom(...viewNames.filter((name) => name !== 'ArrayBuffer'))
      .map((as) => build({ is: 'bytes', as, bytes: [0, 1, 2, 3, 4, 5, 128, 255] })),
    fc.array(numbers, { maxLength: 12 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc
      .array(fc.tuple(fc.constantFrom(...someNames), tie('value')), { maxLength: 5 })
      .map((entries) => Object.fromEntries(entries)),
    fc
      .array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 })
      .map((pairs) => pairs.map(([left, right]) => ({ left, right }))),
  ),
})).value;

const objects = plainValues.filter((value) => typeof value === 'object' && value !== null);

describe('what is read is what was written', () => {
  test('for any plain value', () => {
    fc.assert(
      fc.property(objects, (value) => {
        // Bytes alone have a codec of their own.
        fc.pre(!(value instanceof Uint8Array));
        expectSame(value, Codec.plain);
      }),
      { numRuns: cases(500) },
    );
  });

  test('for any value, and for its parts in two places', () => {
    fc.assert(
      fc.property(recipes, objects, (recipe, plain) => {
        for (const value of [build(recipe, true), plain]) {
          const twice = { one: value, inside: [value] };
          const isShared = typeof value === 'object' && value !== null;
          const encoded = encodeResult(twice);
          if (isShared) expect(encoded.codec).not.toBe(Codec.plain);
          const [result] = readings(encoded) as [typeof twice];
          if (isShared) expect(result.inside[0]).toBe(result.one);
          if (value === plain) expect(difference(twice, result)).toBeUndefined();
        }
      }),
      { numRuns: cases(200) },
    );
  });

  test.each([
    ['nothing in it', [{}, [], [[]], { a: {} }]],
    ['an empty name, and none', [{ '': 1 }, {}, { '': 1 }]],
    ['names that could be taken for others', [{ 'a\0b': 1 }, { a: 1, b: 2 }, { 'a\0b': 3 }]],
    [
      'the same names in another order',
      [
        { a: 1, b: 2 },
        { b: 1, a: 2 },
        { a: 1, b: 2 },
      ],
    ],
    ['a name less, a name more', [{ a: 1, b: 2 }, { a: 1 }, { a: 1, b: 2, c: 3 }]],
    ['names like indices', { b: 1, 10: 2, 9: 3, a: 4 }],
    ['an own __proto__', [JSON.parse('{"__proto__":{"a":1},"b":2}'), { b: 1 }]],
    ['an own __proto__ in a table', JSON.parse(`{"__proto__":{"a":1},${manyNames(40)}}`)],
    ['names that every object has', { constructor: 1, toString: 'x', valueOf: null }],
    ['more names than a record has', [JSON.parse(`{${manyNames(33)}}`), { a: 1 }]],
    ['undefined, and nothing', [{ a: undefined }, {}, [undefined]]],
    ['whole numbers of all sizes', powersOfTwo()],
    ['numbers that JSON loses', { a: -0, b: Number.NaN, c: Number.NEGATIVE_INFINITY }],
    ['fractions', Array.from({ length: 100 }, (_, i) => (i - 50) / 3)],
    ['fractions and -0', [0.5, -0, 0, Number.NaN, 1, 2, 3, 4, 5]],
    ['fractions, and something else', [0.5, 1, 2, 3, 4, 5, 6, 7, { a: 0.5 }, 'x', 9.5]],
    ['a fraction late', [...Array(40).keys(), 0.5]],
    ['dates', [new Date(0), { at: new Date(8.64e15) }, new Date(Number.NaN)]],
    ['a toJSON that is no method', { toJSON: 1, a: 2 }],
    ['long strings beside short ones', longBesideShort()],
    ['one wide character among many', ['abc', 'é', 'x'.repeat(200), 'Ā', 'y'.repeat(300)]],
    ['more short strings than are read at once', manyTexts('x')],
    ['the same with wide characters', manyTexts('Ā')],
    ['halves of characters side by side', ['\ud83d', '\ude00', { '\ud83d': '\ude00' }]],
    ['more shapes than are remembered', manyShapes()],
    ['more than the first memory holds', Array.from({ length: 20_000 }, (_, i) => ({ i, x: -i }))],
    ['bytes between other things', [1, Buffer.from('ab'), 2, new Uint8Array(5000).fill(7), [3]]],
    ['two views of one memory', twoViews()],
    ['bigints', [0n, -1n, 2n ** 64n, -(10n ** 300n)]],
  ])('%s', (_, value) => expectSame(value, Codec.plain));

  test('nested deep', () => {
    let value: unknown = 1;
    for (let i = 0; i < 500; i++) value = { inner: [value] };
    expectSame(value, Codec.plain);
  });

  test('the same value again, after many others', () => {
    const value = { first: 1, second: { third: 'x' } };
    const encoded = encodeResult(value);
    for (const each of manyShapes()) expectSame(each, Codec.plain);
    for (const each of readings(encoded)) expect(difference(value, each)).toBeUndefined();
  });
});

function manyNames(count: number): string {
  return Array.from({ length: count }, (_, i) => `"name${i}":${i}`).join();
}

function powersOfTwo(): number[] {
  const powers = Array.from({ length: 60 }, (_, i) => 2 ** i);
  // Not a fraction among the first, so that each is written on its own.
  return powers.flatMap((each) => [each - 1, each, each + 1, -each, 1 - each]);
}

function longBesideShort(): unknown {
  const lengths = [0, 1, 15, 16, 17, 62, 63, 64, 65, 254, 255, 256, 257, 5000];
  return lengths.flatMap((length) => [
    'x'.repeat(length),
    { text: 'Ā'.repeat(length), number: 1 },
    `${'ÿ'.repeat(length)}z`,
  ]);
}

function manyTexts(character: string): string[] {
  return Array.from({ length: 200 }, (_, i) => `${i}${character.repeat(i % 97)}`);
}

/** Twice each, all with names of their own. */
function manyShapes(): object[] {
  const once = Array.from({ length: 600 }, (_, i) => ({ [`n${i}`]: i, [`m${i % 7}`]: `${i}` }));
  return [...once, ...once.map((each) => ({ ...each }))];
}

function twoViews(): unknown {
  const memory = new Uint8Array([1, 2, 3, 4]).buffer;
  return { one: new Uint8Array(memory.slice(0)), two: new DataView(memory.slice(0)) };
}

describe('what is not plain goes as structured clone', () => {
  const shared = { a: 1 };
  const sharedBytes = new Uint8Array([1]);
  const sharedDate = new Date(0);
  const sharedArray = [1.5, 2.5];
  const holesAndNames: unknown[] = [1];
  holesAndNames.length = 2;
  const withHole = (array: unknown[], at: number) => {
    delete array[at];
    return array;
  };

  test.each<[string, unknown, Codec]>([
    ['an object in two places', [shared, { shared }], Codec.clone],
    ['an array in two places', { a: sharedArray, b: [sharedArray] }, Codec.clone],
    ['bytes in two places', [sharedBytes, sharedBytes], Codec.clone],
    ['a date in two places', [sharedDate, { sharedDate }], Codec.clone],
    ['a hole', withHole([1, 2, 3], 1), Codec.clone],
    ['a hole at the end', new Array(1), Codec.clone],
    ['a hole among fractions', withHole([0.5, 1, 2, 3, 4, 5, 6, 7, 8], 7), Codec.clone],
    ['an array with a name', Object.assign([1], { more: 2 }), Codec.clone],
    ['an empty array with a name', Object.assign([], { more: 2 }), Codec.clone],
    ['as many names as holes', Object.assign(holesAndNames, { more: 2 }), Codec.clone],
    ['a null prototype', { a: Object.create(null) }, Codec.repaired],
    ['a Map', { map: new Map([[{ a: 1 }, [2]]]) }, Codec.clone],
    ['a Set', [new Set([1, { a: 1 }])], Codec.clone],
    ['a RegExp', { pattern: /a/g }, Codec.clone],
    ['a boxed number', { one: Object(1) }, Codec.clone],
    ['an ArrayBuffer', { memory: new Uint8Array([1, 2]).buffer }, Codec.clone],
  ])('%s', (_, value, codec) => {
    expectSame(value, codec);
    expectSame({ before: [1, 'x', 0.5, { a: 1 }], value, after: [{ a: 2 }] }, codec);
  });

  test('an error', () => {
    expect(encodeResult({ error: new Error('x') }).codec).toBe(Codec.repaired);
  });

  test('what would be too much for one string or Buffer', () => {
    const fill: [(writer: PlainWriter) => void, times: number][] = [
      [(writer) => writer.primitive('x'.repeat(200)), 12],
      [(writer) => writer.primitive('x'.repeat(1500)), 3],
      [(writer) => writer.view(new Uint8Array(1500)), 3],
      [(writer) => writer.primitive(1e100), 500],
      [(writer) => writer.numbers(new Array(200).fill(0.5)), 3],
      [(writer) => writer.object(Array.from({ length: 500 }, (_, i) => `name ${i}`)), 3],
    ];
    // Memory that is used again may be of any of these sizes: a little more than it holds.
    for (let size = 4096; size <= 2 ** 20; size *= 2) {
      fill.push([(writer) => writer.primitive(true), size + 10]);
    }
    for (const [each, times] of fill) {
      const writer = new PlainWriter(4096);
      for (let i = 0; i < times; i++) each(writer);
      expect(writer.finish() === undefined).toBe(true);
    }
    expectSame({ a: 1 }, Codec.plain);
  });
});

describe('code in the value', () => {
  test('a getter runs once, and what it returned is what arrives', () => {
    let reads = 0;
    const value = {
      get changing() {
        return [1, () => {}][reads++];
      },
    };
    const { codec, bytes } = encodeResult(value);
    expect([codec, decode({ codec, bytes }), reads]).toEqual([Codec.plain, { changing: 1 }, 1]);
  });

  test('a date whose methods are hidden by others', () => {
    const date = Object.defineProperty(new Date(5), 'getTime', { value: () => 7 });
    expect(decode(encodeResult([date]))).toEqual([new Date(5)]);
  });

  test('a getter among numbers', () => {
    const value: unknown[] = [0.5, 1, 2, 3, 4, 5, 6, 7, 8];
    let reads = 0;
    Object.defineProperty(value, 8, { get: () => [8.5, 'x'][reads++], enumerable: true });
    expect(decode(encodeResult(value))).toEqual([0.5, 1, 2, 3, 4, 5, 6, 7, 8.5]);
  });

  test('a getter that encodes something itself', () => {
    const value = {
      before: 'x',
      get inner() {
        return encodeResult({ other: [1, 2, 3], text: 'y' }).bytes.length;
      },
      after: { a: 'z' },
    };
    const { before, after, inner } = decode(encodeResult(value)) as typeof value;
    expect([before, after, inner]).toEqual(['x', { a: 'z' }, value.inner]);
  });

  test('a getter that throws spoils nothing', () => {
    const value = {
      a: [1, 'x'],
      get b() {
        throw new RangeError('mine');
      },
    };
    expect(() => encodeResult(value)).toThrow(RangeError);
    expectSame({ a: [1, 'x'] }, Codec.plain);
  });

  test('a toJSON that a program put on every object is not called', () => {
    const hidden = { configurable: true, value: () => 'not me' };
    Object.defineProperty(Object.prototype, 'toJSON', hidden);
    try {
      expect(decode(encodeResult({ a: [1], toJSON: 2 }))).toEqual({ a: [1], toJSON: 2 });
    } finally {
      Reflect.deleteProperty(Object.prototype, 'toJSON');
    }
  });

  test('a setter that a program put on every object is not called', () => {
    const calls: unknown[] = [];
    const hidden = { configurable: true, set: (value: unknown) => calls.push(value) };
    Object.defineProperty(Object.prototype, 'everywhere', hidden);
    try {
      const values = [{ everywhere: 1 }, { ...JSON.parse(`{${manyNames(40)}}`), everywhere: 2 }];
      for (const value of values) {
        expect(Object.entries(decode(encodeResult(value)) as object)).toEqual(
          Object.entries(value),
        );
      }
      expect(calls).toEqual([]);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'everywhere');
    }
  });
});

describe('damaged bytes', () => {
  const value = {
    texts: ['a', 'bc', 'x'.repeat(70), 'y'.repeat(300), 'Ā'],
    numbers: [1, 300, 70_000, 0.5, 2n, [0.5, 1, 2, 3, 4, 5, 6, 7]],
    others: [new Date(0), Buffer.from('ab'), { a: 1 }, { a: 2 }, null, undefined],
    table: JSON.parse(`{${manyNames(40)}}`) as object,
  };
  const { bytes } = encodeResult(value);

  test('too few or too many are an error', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeAt(bytes, 0, length, Codec.plain)).toThrow();
      expect(() => decode({ codec: Codec.plain, bytes: bytes.slice(0, length) })).toThrow();
    }
    for (const more of [
      Buffer.concat([bytes, Buffer.alloc(1)]),
      Buffer.concat([Buffer.of(1), bytes]),
    ]) {
      expect(() => decode({ codec: Codec.plain, bytes: more })).toThrow('damaged');
    }
  });

  test.each([
    ['a tag that there is not', [60]],
    ['a text longer than all texts', [64 + 3]],
    ['more items than bytes', [13, 3, 3, 3]],
    ['more numbers than bytes', [17, 1, 0, 0, 0]],
    ['a longer string than there are bytes', [9, 200, 97]],
    ['longer bytes than there are', [12, 64, 200, 97]],
    ['a name that is no string', [14, 1, 128, 128]],
    ['the names of a shape that are no string', [15, 7, 128, 128]],
    ['a shape that there is not', [16, 0, 128]],
  ])('%s', (_, tree) => {
    const alone = Uint8Array.from([...tree, 97, 98, 1, 2, 0, 0, 0]);
    const amongOthers = Uint8Array.from([...alone, ...new Array(300).fill(97)]);
    for (const each of [alone, amongOthers]) {
      expect(() => decodeAt(each, 0, alone.length, Codec.plain)).toThrow('damaged');
    }
  });

  test('others are an error or another value, and are read in no time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (changes) => {
          const damaged = bytes.slice();
          for (const [place, byte] of changes) damaged[place] = byte;
          try {
            decode({ codec: Codec.plain, bytes: damaged });
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
          }
        },
      ),
      { numRuns: cases(700) },
    );
  });

  test('no memory is reserved for what is not there', () => {
    // 255, then a uint32: an array of so many items as there are bytes, in it another one, ...
    const level = [13, 255, 0, 0, 8, 0];
    const bomb = Buffer.concat([
      Buffer.alloc(600 * 1024, Buffer.from(level)),
      Buffer.from([1, 0, 0, 0, 0]),
    ]);
    const before = process.memoryUsage().heapUsed;
    expect(() => decode({ codec: Codec.plain, bytes: bomb })).toThrow();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(1e9);
  });
});
