/** Random numbers, values and bytes from a seed. */

export function randomFrom(seed) {
  const random = mulberry32(seed);
  const below = (limit) => Math.floor(random() * limit);
  const oneOf = (list) => list[below(list.length)];
  const many = (most, make) => Array.from({ length: below(most + 1) }, make);
  return { random, below, oneOf, many };
}

function mulberry32(start) {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const names = ['a', 'b', 'length', '0', '1', '7', '-0', '4294967294', '__proto__', 'é', 'ā', ''];
const texts = [...names, 'x'.repeat(70), 'x'.repeat(300), 'ā'.repeat(200), '\ud800', 'a\0b'];
const views = [Uint8Array, Float32Array, Float64Array, BigInt64Array, DataView, Uint8ClampedArray];
const numbers = [0, -0, 1, -1, 200, 70_000, 2 ** 31, 0.5, Number.NaN];
const primitives = [undefined, null, true, false, 0n, -1n, 2n ** 64n, -(3n ** 100n)];
const whole = { writable: true, enumerable: true, configurable: true };
const shared = { of: 'all' };

/** Values of every kind that can cross to another thread. */
export function valuesFrom({ random, below, oneOf, many }) {
  const values = (most, depth) => many(most, () => value(depth));

  function named(target, depth) {
    for (const name of many(4, () => oneOf(names))) {
      if (Array.isArray(target) && name === 'length') continue;
      Object.defineProperty(target, name, { value: value(depth), ...whole });
    }
    return target;
  }

  function error(depth) {
    const Class = oneOf([Error, TypeError, RangeError]);
    const made = new Class(oneOf(texts), ...many(1, () => ({ cause: value(depth) })));
    if (random() < 0.3) made.stack = oneOf(texts);
    if (random() < 0.2) Reflect.deleteProperty(made, 'stack');
    if (random() < 0.2) made.code = value(depth);
    return random() < 0.2 ? new AggregateError(values(2, depth), 'all') : made;
  }

  function withHoles(depth) {
    const list = new Array(below(9));
    for (let i = 0; i < list.length; i++) if (random() < 0.6) list[i] = value(depth);
    return list;
  }

  function pattern() {
    const made = new RegExp(oneOf(['a', '(b|c)*', 'ā']), oneOf(['', 'g', 'imsuy', 'd']));
    return Object.assign(made, { lastIndex: below(3) });
  }

  /** Cycles. */
  function withinItself(depth) {
    const parent = { children: [], of: value(depth) };
    parent.children.push({ parent }, new Map([[parent, parent]]));
    return parent;
  }

  const objects = [
    (depth) => values(4, depth),
    () => many(12, () => random() * 9),
    (depth) => named({}, depth),
    (depth) => named(Object.create(null), depth),
    () => many(3, () => ({ id: below(300), name: oneOf(texts) })),
    (depth) => named(withHoles(depth), depth),
    (depth) => new Map(many(3, () => [value(depth), value(depth)])),
    (depth) => new Set(values(3, depth)),
    () => new Date(below(2) ? below(2 ** 40) : Number.NaN),
    pattern,
    () => Object(oneOf([1, 'text', 'ā', true, false, 5n])),
    () => new (oneOf(views))(new ArrayBuffer(8 * below(4))),
    () => new ArrayBuffer(below(20)),
    () => Buffer.from(oneOf(texts)),
    error,
    () => [shared, shared],
    withinItself,
  ];

  function value(depth = 0) {
    if (depth > 4 || random() < 0.3) return oneOf(oneOf([numbers, texts, primitives]));
    return oneOf(objects)(depth + 1);
  }
  return value;
}

/** Bytes with some of their bits, bytes and lengths changed, or cut, or joined with others. */
export function mutationsFrom({ below, oneOf }) {
  const interesting = [0, 1, 2, 127, 128, 254, 255, ...Buffer.from('AaoI"c^r$@{RZB\\;:\',sm.-')];
  const edits = [
    (bytes, at) => spliced(bytes, at, at + 1, Buffer.of((bytes[at] ?? 0) ^ (1 << below(8)))),
    (bytes, at) => spliced(bytes, at, at + 1, Buffer.of(oneOf(interesting))),
    (bytes, at) => spliced(bytes, at, at, Buffer.of(oneOf(interesting))),
    (bytes, at) => spliced(bytes, at, at + below(12), Buffer.of()),
    (bytes, at) => spliced(bytes, at, at, bytes.subarray(at, at + below(12))),
    (bytes, at) => bytes.subarray(0, at),
    (bytes, at, other) => spliced(bytes, at, bytes.length, other.subarray(below(other.length + 1))),
    (bytes, at) => spliced(bytes, at, at, Buffer.of(255, 255, 255, 255, below(256))),
  ];
  return (bytes, other) => {
    let result = Buffer.from(bytes);
    for (let left = 1 + below(3); left > 0; left--) {
      result = oneOf(edits)(result, below(result.length + 1), other);
    }
    return new Uint8Array(result);
  };
}

function spliced(bytes, from, to, others) {
  return Buffer.concat([bytes.subarray(0, from), others, bytes.subarray(to)]);
}
