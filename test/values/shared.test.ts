/** Large values are copied where they should be passed on, or held where they are not wanted. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { ArenaWriter } from '../../src/arena/writer.ts';
import { FunctionRecord } from '../../src/coordinator/function-record.ts';
import { Memory } from '../../src/coordinator/memory.ts';
import { Codec, type Encoded, type Outcome, type Portable } from '../../src/protocol.ts';
import { EntryValues, MISS } from '../../src/read/entry-values.ts';
import { LARGEST_HELD, Located } from '../../src/read/located.ts';
import { NearLimits } from '../../src/read/near-cache.ts';
import { TierChain } from '../../src/tiers/chain.ts';
import { mapTier } from '../../src/tiers/map-tier.ts';
import { decode } from '../../src/values/decode.ts';
import { toPortable, toPortableAgain } from '../../src/values/portable.ts';
import { toShared, viewOf } from '../../src/values/shared.ts';
import { isShared, LARGE, sharedCopy } from '../../src/values/shared-memory.ts';
import { memoryOf } from '../../src/worker/outcome-message.ts';
import { entry } from '../arena/entries.ts';
import { FakeClock } from '../fake-clock.ts';

const MIB = 2 ** 20;

function bytesOf(portable: Portable): Uint8Array {
  return (portable as Encoded).bytes;
}

const large: [string, unknown][] = [
  ['a Buffer', Buffer.alloc(LARGE, 7)],
  ['a slice', new Uint8Array(LARGE + 10).fill(7).subarray(10)],
  ['a text', 'x'.repeat(LARGE)],
  ['a text of wide characters', '\u{1F600}'.repeat(LARGE)],
  ['a bigint', -(1n << BigInt(LARGE * 8))],
  ['plain data', { rows: Array.from({ length: LARGE }, (_, at) => at) }],
  ['a Map', new Map([[1, 'x'.repeat(LARGE)]])],
];

describe('a large value', () => {
  test.each(large)('%s: bytes in shared memory of their own, from the start', (_, value) => {
    const portable = toPortable(value, 'result');
    expect(isShared(bytesOf(portable))).toBe(true);
    expect(decode(portable as Encoded)).toEqual(value);
    const again = toPortableAgain(portable as Encoded);
    expect(again).toBe(portable);
  });

  test.each([
    ['a Buffer', Buffer.alloc(LARGE - 1, 7)],
    ['plain data', { rows: [1, 2, 3] }],
  ])('%s that is smaller is not', (_, value) => {
    expect(bytesOf(toPortable(value, 'result')).buffer).toBeInstanceOf(ArrayBuffer);
  });

  test('a primitive that is smaller is as it is', () => {
    for (const value of ['x'.repeat(LARGE - 1), 2n ** 1000n, -(2n ** 1000n)]) {
      expect(toPortable(value, 'result')).toBe(value);
    }
  });

  test('its memory is not handed over, and that of a smaller one is', () => {
    const outcome = (size: number): Outcome => ({
      type: 'complete',
      lease: 1,
      value: toPortable(Buffer.alloc(size), 'result'),
      ms: 1,
      ttl: 1,
    });
    expect(memoryOf(outcome(LARGE))).toBeUndefined();
    expect(memoryOf(outcome(LARGE - 1))).toHaveLength(1);
    expect(memoryOf(outcome(100))).toBeUndefined();
  });
});

describe('memory', () => {
  const limits = { max: 10, maxSize: 16 * MIB, maxEntrySize: 16 * MIB };
  const fn = () =>
    new FunctionRecord(
      { id: 'm.js#f', module: 'file:///m.js', max: Number.POSITIVE_INFINITY, versioned: true },
      0,
    );
  const computed = (value: Portable) => ({ value, ms: 1, ttl: 1000 });

  test.each([
    ['large', MIB],
    ['small', 3],
    ['empty', 0],
  ])('keeps and hands out the very memory that it is given: %s', (_, size) => {
    const memory = new Memory(limits, new FakeClock());
    const f = fn();
    const value = toShared(Buffer.alloc(size, 7), 'result');
    memory.set(f, 'k', computed(value), 5);
    const [one, other] = [memory.get(f, 'k'), memory.peek(f, 'k')];
    expect(one).toMatchObject({ id: 5, ms: 1 });
    for (const found of [one, other]) {
      expect(bytesOf(found?.value).buffer).toBe(bytesOf(value).buffer);
    }
    expect(memory.usage().values).toBe(size);
    memory.delete(f, 'k');
    expect(memory.usage()).toMatchObject({ entries: 0, values: 0 });
    expect(bytesOf(value).every((byte) => byte === 7)).toBe(true);
  });

  test('copies what is not all of its memory, and what is not shared', () => {
    const memory = new Memory(limits, new FakeClock());
    const f = fn();
    const part = new Uint8Array(new SharedArrayBuffer(MIB), 1).fill(7);
    const own = new Uint8Array(MIB).fill(7);
    for (const [key, bytes] of Object.entries({ part, own })) {
      memory.set(f, key, computed({ codec: Codec.buffer, bytes }), 5);
      const found = bytesOf(memory.get(f, key)?.value);
      expect(isShared(found)).toBe(true);
      bytes[0] = 1;
      expect(found[0]).toBe(7);
    }
  });

  test('does not decode a large text', () => {
    const memory = new Memory(limits, new FakeClock());
    const f = fn();
    const value = toPortable('x'.repeat(LARGE), 'result');
    memory.set(f, 'k', computed(value), 5);
    expect(memory.get(f, 'k')?.value).toMatchObject({ codec: Codec.latin1 });
  });
});

test('what a tier has is copied once, for all who wait', async () => {
  const record = (size: number) => ({
    value: { codec: Codec.buffer, bytes: new Uint8Array(size) },
    expiresAt: Number.POSITIVE_INFINITY,
    ms: 1,
  });
  const tier = mapTier(new Map([['f', new Map([10, LARGE].map((n) => [`${n}`, record(n)]))]]));
  const chain = new TierChain([tier]);
  expect(isShared(bytesOf((await chain.get('f', `${LARGE}`))?.value))).toBe(true);
  expect(isShared(bytesOf((await chain.get('f', '10'))?.value))).toBe(false);
});

test('a small buffer beside the arena counts, and its key is found', () => {
  const writer = new ArenaWriter({ maxSize: MIB });
  const bytes = sharedCopy(new Uint8Array([1, 2, 3]));
  const handle = writer.add(entry('a', 3, { bytes })) as number;
  expect(writer.find(1, 'a')).toBe(handle);
  expect(writer.entries.external(handle)).toBe(bytes.buffer);
  expect(writer.entries.bytesTaken(handle)).toBeGreaterThan(256);
  writer.remove(handle);
  expect(writer.entries.external(handle)).toBeUndefined();
});

describe('located', () => {
  function counted() {
    const near = { entries: 0, bytes: 0 };
    const limits = new NearLimits((entries, bytes) => {
      near.entries += entries;
      near.bytes += bytes;
    });
    return { near, limits };
  }
  const encoded = (size: number): Encoded => ({
    codec: Codec.buffer,
    bytes: sharedCopy(new Uint8Array(size).fill(7)),
  });

  test('one view for one entry, counted; the oldest are dropped', () => {
    const { near, limits } = counted();
    const located = new Located(limits);
    const value = encoded(MIB);
    const view = located.add(1, value);
    expect(view.buffer).toBe(value.bytes.buffer);
    expect(located.add(1, encoded(MIB))).toBe(view);
    expect(located.get(1)).toBe(view);
    expect(near.entries).toBe(1);
    expect(near.bytes).toBeGreaterThan(MIB);
    for (let at = 2; at < 40; at++) {
      located.add(at, encoded(MIB));
      expect(near.bytes).toBeLessThan(17 * MIB);
    }
    expect(located.get(1)).toBeUndefined();
    expect(located.get(39)).toBeDefined();
  });

  test('what is very large is held only as long as other code holds it', async () => {
    const { near, limits } = counted();
    const located = new Located(limits);
    let view: Uint8Array | undefined = located.add(1, encoded(LARGEST_HELD + 1));
    expect(located.get(1)).toBe(view);
    expect(near).toEqual({ entries: 0, bytes: 0 });
    await collectGarbage();
    expect(located.get(1)).toBe(view);
    view = undefined;
    await collectGarbage();
    expect(located.get(1)).toBeUndefined();
  });

  test('no more than so much of it in one job, after which it goes on', async () => {
    const located = new Located(counted().limits);
    const value = encoded(LARGEST_HELD * 2);
    const entries = Array.from({ length: 40 }, (_, at) => at);
    const views = entries.map((at) => located.add(at, value));
    const known = entries.filter((at) => located.get(at) === views[at]);
    expect(known.length).toBeGreaterThan(5);
    expect(known.length).toBeLessThan(15);
    await Promise.resolve();
    const late = located.add(100, value);
    expect(located.get(100)).toBe(late);
  });

  test('a value is made of it as its function wants', () => {
    const values = new EntryValues(counted().limits);
    expect(values.ofLocated('copy', 1, Codec.buffer)).toBe(MISS);
    const value = toPortable(Buffer.alloc(MIB, 7), 'result');
    values.locate(1, value);
    const copy = values.ofLocated('copy', 1, Codec.buffer) as Buffer;
    expect(copy.buffer).toBeInstanceOf(ArrayBuffer);
    const shared = values.ofLocated('shared', 1, Codec.buffer) as Buffer;
    expect(shared.buffer).toBe(bytesOf(value).buffer);
    expect(values.of('shared', 1, value)).toBe(shared);
    const frozen = values.ofLocated('frozen', 1, Codec.buffer) as Buffer;
    expect(values.of('frozen', 1, value)).toBe(frozen);
    expect(new Set([copy, shared, frozen]).size).toBe(3);
  });

  test('a small value that is not shared yet is copied once', () => {
    const values = new EntryValues(counted().limits);
    const value = { codec: Codec.uint8array, bytes: new Uint8Array([1, 2]) };
    const view = values.of('shared', 1, value) as Uint8Array;
    expect(isShared(view)).toBe(true);
    expect([...view]).toEqual([1, 2]);
    expect(values.of('shared', 1, value)).toBe(view);
  });
});

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** In a turn of its own: until then what a WeakRef has given is held. */
async function collectGarbage(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  gc();
}

describe('toShared', () => {
  test('copies exactly the bytes, also of what is shared already', () => {
    const memory = new SharedArrayBuffer(10);
    const whole = new Uint8Array(memory).fill(7);
    for (const value of [Buffer.alloc(20, 7).subarray(5, 15), whole]) {
      const bytes = bytesOf(toShared(value, 'result'));
      expect([bytes.buffer.byteLength, [...bytes]]).toEqual([10, Array(10).fill(7)]);
      expect(bytes.buffer === memory).toBe(false);
    }
    expect(viewOf(toShared(Buffer.from('a'), 'r') as Encoded)).toBeInstanceOf(Buffer);
    expect(viewOf(toShared(whole, 'r') as Encoded)).not.toBeInstanceOf(Buffer);
  });

  test.each([1, 'a', null, undefined, 1n, true])('%s is as it is', (value) => {
    expect(toShared(value, 'result')).toBe(value);
  });

  test.each([
    [[1], "an instance of Array, and values: 'shared' is for bytes"],
    [{}, "an instance of Object, and values: 'shared' is for bytes"],
    [new Float64Array(1), 'an instance of Float64Array'],
    [new ArrayBuffer(1), 'an instance of ArrayBuffer'],
    [new (class Mine extends Uint8Array {})(1), 'an instance of Mine'],
    [Symbol('s'), 'a symbol, and'],
    [new Proxy(new Uint8Array(1), {}), 'a Proxy, which cannot cross to another thread'],
    [detached(), 'a detached ArrayBuffer, whose bytes are gone'],
  ])('%o is refused', (value, message) => {
    expect(() => toShared(value, 'result')).toThrow(message);
  });
});

function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return bytes;
}
