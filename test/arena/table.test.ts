/** An entry comes back as another one, or not at all, or comes back after its end. */

import { describe, expect, test } from 'vitest';
import {
  COUNTED_FUNCTIONS,
  epochAt,
  FUNCTIONS,
  generationsAt,
  HIT_COLUMNS,
  THREADS,
} from '../../src/arena/layout.ts';
import { PackedKey } from '../../src/arena/packed-key.ts';
import { ArenaReader } from '../../src/arena/reader.ts';
import { ArenaWriter } from '../../src/arena/writer.ts';
import { bytesFor, entry, join, read } from './entries.ts';

const MIB = 2 ** 20;

function arena(maxSize = MIB, seed = 1): { writer: ArenaWriter; reader: ArenaReader } {
  const writer = new ArenaWriter({ maxSize, seed });
  return { writer, reader: join(writer) };
}

test('what is added is found, with all its properties', () => {
  const { writer, reader } = arena();
  const handle = writer.add(entry('a', 100, { codec: 255, expiresAt: 12.5, cost: 0.25 })) as number;
  expect(reader.find(1, 'a', 12.4)).toBe(true);
  expect(reader).toMatchObject({ handle, codec: 255, expiresAt: 12.5, cost: 0.25, length: 100 });
  expect(reader).toMatchObject({ external: false, version: writer.entries.version(handle) });
  expect(reader.start % 8).toBe(0);
  reader.leave();
  expect(read(reader, 1, 'a')).toEqual(Buffer.from(bytesFor('a', 100)));
  expect(writer.find(1, 'a')).toBe(handle);
  expect(writer.entries.bytes(handle)).toEqual(Buffer.from(bytesFor('a', 100)));
  expect([
    writer.entries.key(handle),
    writer.entries.fn(handle),
    writer.entries.codec(handle),
  ]).toEqual(['a', 1, 255]);
  expect([
    writer.entries.expiresAt(handle),
    writer.entries.cost(handle),
    writer.entries.size,
  ]).toEqual([12.5, 0.25, 1]);
});

test.each([
  ['empty', ''],
  ['one character', 'x'],
  ['three characters', 'xyz'],
  ['latin1', 'd\u00e9j\u00e0 vu \u00ff\0'],
  ['any', '\u0100\u20ac\ud83d\ude00'],
  ['lone surrogates', '\ud800x\udc00'],
  ['long', 'k'.repeat(1000)],
  ['long, with one wide character', `${'k'.repeat(1000)}\u20ac`],
  ['as long as the loop goes', 'k'.repeat(20)],
  ['longer than the loop goes', 'k'.repeat(21)],
  ['longer than the loop goes, latin1', '\u00e9'.repeat(21)],
  ['longer than the loop goes, latin1 at its end', `${'k'.repeat(131)}\u00e9`],
  ['as long as the loop goes, wide', '\u20ac'.repeat(20)],
  ['longer than the loop goes, wide', '\u20ac'.repeat(21)],
])('a key: %s', (_, key) => {
  const { writer, reader } = arena();
  const near = [
    `${key}\0`,
    `${key}x`,
    `x${key}`,
    key.slice(1),
    key.slice(0, -1),
    key.toUpperCase(),
  ];
  for (const other of new Set(near)) {
    if (other !== key) writer.add(entry(other, 10));
  }
  expect(read(reader, 1, key)).toBeUndefined();
  const handle = writer.add(entry(key, 24)) as number;
  expect(read(reader, 1, key)).toEqual(Buffer.from(bytesFor(key, 24)));
  expect(writer.entries.key(handle)).toBe(key);
  expect(read(reader, 2, key)).toBeUndefined();
});

test('a key of two-byte characters is not the key of the bytes they are made of', () => {
  const { writer, reader } = arena();
  const wide = '\u6161\u6262';
  writer.add(entry('aabb', 10));
  expect(read(reader, 1, wide)).toBeUndefined();
  writer.add(entry(wide, 20));
  expect(read(reader, 1, wide)?.length).toBe(20);
  expect(read(reader, 1, 'aabb')?.length).toBe(10);
});

test('keys are compared whole, whatever their hashes', () => {
  // Within one page of 32 slots and with one hash in so many, some tags are the same by far.
  const { writer, reader } = arena(4096);
  const keys = Array.from({ length: 12 }, (_, i) => `key ${i}`);
  for (const key of keys) writer.add(entry(key, 8));
  let found = 0;
  for (let i = 0; i < 100_000; i++) if (reader.find(1, `other ${i}`, 0)) found++;
  expect(found).toBe(0);
  for (const key of keys) expect(read(reader, 1, key)).toEqual(Buffer.from(bytesFor(key, 8)));
});

test('two keys of one hash are two keys', () => {
  const packed = new PackedKey(1);
  const keys = new Map<number, string>();
  let [one, other] = ['', ''];
  for (let i = 0; one === ''; i++) {
    const key = `${Math.imul(i, 0x9e3779b1) >>> 0}`.padStart(10);
    const hash = packed.pack(1, key);
    [one, other] = [keys.get(hash) ?? '', key];
    keys.set(hash, key);
  }
  const { writer, reader } = arena();
  const first = writer.add(entry(one, 100)) as number;
  expect([read(reader, 1, other), writer.find(1, other)]).toEqual([undefined, undefined]);
  const second = writer.add(entry(other, 100)) as number;
  expect(read(reader, 1, one)).toEqual(Buffer.from(bytesFor(one, 100)));
  expect(read(reader, 1, other)).toEqual(Buffer.from(bytesFor(other, 100)));
  expect([writer.find(1, one), writer.find(1, other)]).toEqual([first, second]);
  writer.remove(first);
  expect(read(reader, 1, one)).toBeUndefined();
  expect(read(reader, 1, other)).toEqual(Buffer.from(bytesFor(other, 100)));
});

test('expiry is the reader\u2019s to see: at the time itself, the entry is gone', () => {
  const { writer, reader } = arena();
  const handle = writer.add(entry('a', 10, { expiresAt: 100 }));
  expect(reader.find(1, 'a', 99.999)).toBe(true);
  expect(reader.find(1, 'a', 100)).toBe(false);
  expect(writer.find(1, 'a')).toBe(handle);
});

test('an entry with terms is found until it is dead, with what they say, beside a large value too', () => {
  for (const length of [100, 2 ** 20]) {
    const { writer, reader } = arena(8 * MIB);
    const tags = [{ cell: generationsAt + 7, generation: writer.generationOf(7) }];
    const terms = { freshUntil: 50, calmUntil: 40, wallMs: 8, tags };
    const handle = writer.add(entry('a', length, { expiresAt: 100, madeAt: 2, terms })) as number;
    expect(reader.find(1, 'a', 99.999)).toBe(true);
    expect(reader).toMatchObject({ hasTerms: true, calmUntil: 40, freshUntil: 50, expiresAt: 100 });
    expect(reader).toMatchObject({ madeAt: 2, wallMs: 8, tags });
    reader.leave();
    expect([writer.entries.freshUntil(handle), writer.entries.expiresAt(handle)]).toEqual([
      50, 100,
    ]);
    expect(reader.find(1, 'a', 100)).toBe(false);
    expect([reader.hold(tags), writer.entries.isDead(handle)]).toEqual([true, false]);
    writer.raiseGeneration(7);
    expect(reader.find(1, 'a', 0)).toBe(false);
    expect([reader.hold(tags), writer.entries.isDead(handle)]).toEqual([false, true]);
  }
});

test('an entry without an end says when it was computed, before the clock began, too', () => {
  const { writer, reader } = arena();
  for (const madeAt of [-86_400_000.5, 0, 12.5]) {
    writer.add(entry(`${madeAt}`, 10, { madeAt }));
    expect(reader.find(1, `${madeAt}`, 2 ** 40)).toBe(true);
    expect(reader).toMatchObject({ hasTerms: false, madeAt, expiresAt: Number.POSITIVE_INFINITY });
    reader.leave();
  }
});

test('one of several readers asks for a refresh, again after a second, and not before the writer lets them', () => {
  const { writer, reader } = arena();
  const other = join(writer);
  const terms = { freshUntil: 50, calmUntil: 50 };
  const handle = writer.add(entry('a', 10, { expiresAt: 1e6, terms })) as number;
  const asking = (now: number) =>
    [reader, other].map((each) => {
      expect(each.find(1, 'a', now)).toBe(true);
      const asks = each.mayAsk(now);
      each.leave();
      return asks;
    });
  expect([asking(60), asking(70), asking(900)].flat().filter(Boolean)).toEqual([true]);
  expect(asking(1100)).toEqual([true, false]);
  writer.entries.askNotBefore(handle, 5000);
  expect([asking(1200), asking(4900)].flat()).not.toContain(true);
  expect(asking(5000)).toEqual([true, false]);
});

test('a removed entry is gone for readers and for near caches, and its handle names another', () => {
  const { writer, reader } = arena();
  const handle = writer.add(entry('a', 10)) as number;
  const version = writer.entries.version(handle);
  expect(reader.isCurrent(reader.versionWord(handle), version, 1, writer.generationOf(1))).toBe(
    true,
  );
  writer.remove(handle);
  expect(reader.isCurrent(reader.versionWord(handle), version, 1, writer.generationOf(1))).toBe(
    false,
  );
  expect([read(reader, 1, 'a'), writer.find(1, 'a')]).toEqual([undefined, undefined]);
  expect([writer.entries.has(handle), writer.entries.size]).toEqual([false, 0]);
  expect(() => writer.remove(handle)).toThrow(RangeError);
  expect(() => writer.entries.key(handle + 1_000_000)).toThrow(RangeError);
  expect(writer.add(entry('b', 10))).toBe(handle);
  expect(reader.isCurrent(reader.versionWord(handle), version, 1, writer.generationOf(1))).toBe(
    false,
  );
  expect(
    reader.isCurrent(
      reader.versionWord(handle),
      writer.entries.version(handle),
      1,
      writer.generationOf(1),
    ),
  ).toBe(true);
});

test('a cleared function has no entries; one added since is found beside the dead one', () => {
  const { writer, reader } = arena();
  const dead = writer.add(entry('a', 10)) as number;
  const other = writer.add(entry('a', 11, { fn: 2 })) as number;
  const generation = writer.generationOf(1);
  const version = writer.entries.version(dead);
  writer.raiseGeneration(1);
  expect([writer.entries.isDead(dead), writer.entries.isDead(other)]).toEqual([true, false]);
  expect(reader.isCurrent(reader.versionWord(dead), version, 1, generation)).toBe(false);
  expect([read(reader, 1, 'a'), writer.find(1, 'a')]).toEqual([undefined, undefined]);
  expect(read(reader, 2, 'a')?.length).toBe(11);
  const anew = writer.add(entry('a', 12)) as number;
  expect(read(reader, 1, 'a')?.length).toBe(12);
  writer.remove(dead);
  expect(read(reader, 1, 'a')?.length).toBe(12);
  expect([writer.find(1, 'a'), writer.entries.isDead(anew)]).toEqual([anew, false]);
});

test('a use mark is seen once, and is not the next entry\u2019s', () => {
  const { writer, reader } = arena();
  const handle = writer.add(entry('a', 10)) as number;
  expect(writer.entries.takeMark(handle, () => 0)).toBe(false);
  reader.mark(reader.markByte(handle));
  expect([
    writer.entries.takeMark(handle, () => 0),
    writer.entries.takeMark(handle, () => 0),
  ]).toEqual([true, false]);
  reader.mark(reader.markByte(handle));
  writer.remove(handle);
  expect(writer.add(entry('b', 10))).toBe(handle);
  expect(writer.entries.takeMark(handle, () => 0)).toBe(false);
});

test('a large value has a buffer of its own, and counts', () => {
  const { writer, reader } = arena();
  const before = writer.usedBytes();
  const handle = writer.add(entry('a', 100_000)) as number;
  expect(writer.usedBytes() - before).toBeGreaterThan(100_000);
  expect(writer.entries.bytesTaken(handle)).toBeGreaterThan(100_000);
  expect(reader.find(1, 'a', 0)).toBe(true);
  expect(reader).toMatchObject({ external: true, length: 100_000 });
  reader.leave();
  const external = new Uint8Array(writer.entries.external(handle) as SharedArrayBuffer);
  // `toEqual` would take a second.
  for (const bytes of [external, writer.entries.bytes(handle)])
    expect(Buffer.from(bytes).equals(bytesFor('a', 100_000))).toBe(true);
  writer.remove(handle);
  expect(writer.entries.external(handle)).toBeUndefined();
  expect(writer.usage()).toMatchObject({ entries: 0, keys: 0, values: 0 });
});

describe('threads', () => {
  test('counts are added up, and kept when their thread has ended', () => {
    const writer = new ArenaWriter({ maxSize: MIB });
    const slots = [writer.threads.join() as number, writer.threads.join() as number];
    const readers = slots.map((slot) => {
      const more = (fn: number) => {
        const columns = new Float64Array(HIT_COLUMNS);
        writer.threads.countedIn(slot, fn, columns);
        return columns;
      };
      return new ArenaReader(writer.share, slot, more);
    });
    for (const reader of readers) {
      reader.count(3, 2.5);
      for (const fn of [0, 7, COUNTED_FUNCTIONS + 5, COUNTED_FUNCTIONS + 6]) {
        reader.countHit(fn, true, 0.5);
        reader.countHit(fn, false, 1.5);
      }
    }
    const seen = (): number[] => [
      writer.threads.sum(3),
      writer.threads.sum(4),
      ...[0, 7, 8, COUNTED_FUNCTIONS + 5].map((fn) => writer.threads.hits(fn).near),
      writer.threads.hits(7).shared,
      writer.threads.hits(7).cost,
    ];
    expect(writer.threads.counter(slots[0] as number, 3)).toBe(2.5);
    expect(seen()).toEqual([5, 0, 2, 2, 0, 2, 2, 4]);
    writer.threads.leave(slots[0] as number);
    writer.threads.leave(slots[0] as number);
    expect(seen()).toEqual([5, 0, 2, 2, 0, 2, 2, 4]);
    expect(writer.threads.join()).toBe(slots[0]);
    expect(writer.threads.counter(slots[0] as number, 3)).toBe(0);
    expect(seen()).toEqual([5, 0, 2, 2, 0, 2, 2, 4]);
  });

  test('slots are given out again, and run out', () => {
    const writer = new ArenaWriter({ maxSize: MIB });
    const slots = Array.from({ length: THREADS }, () => writer.threads.join());
    expect(new Set(slots).size).toBe(THREADS);
    expect(writer.threads.join()).toBeUndefined();
    writer.threads.leave(500);
    expect([writer.threads.join(), writer.threads.join()]).toEqual([500, undefined]);
  });

  test('a reader that was left inside by an exception is inside still when it looks again', () => {
    const { writer, reader } = arena();
    writer.add(entry('a', 10));
    const inside = (): boolean => {
      const words = new Int32Array(writer.share.buffer);
      return ((words[epochAt(0)] as number) & 1) === 1;
    };
    expect([inside(), reader.find(1, 'a', 0), inside()]).toEqual([false, true, true]);
    expect([reader.find(1, 'a', 0), inside()]).toEqual([true, true]);
    expect([reader.find(1, 'b', 0), inside()]).toEqual([false, false]);
    reader.leave();
    expect(inside()).toBe(false);
  });
});

describe('limits', () => {
  test.each([0, 1, 100, 511, 1024, 2048, 4096, 10_000, 65_536, 1e6, 3e9, Number.POSITIVE_INFINITY])(
    'an arena of %d bytes works as well as it can',
    (maxSize) => {
      const writer = new ArenaWriter({ maxSize });
      const reader = join(writer);
      let added = 0;
      for (let i = 0; i < 50; i++) {
        const handle = writer.add(entry(`key ${i}`, 20));
        expect(writer.usedBytes()).toBeLessThanOrEqual(maxSize);
        if (handle === undefined) {
          expect(read(reader, 1, `key ${i}`)).toBeUndefined();
          expect(['full', 'never']).toContain(writer.refusal);
        } else {
          added++;
          expect(read(reader, 1, `key ${i}`)?.length).toBe(20);
        }
      }
      expect(added).toBeGreaterThanOrEqual(Math.min(50, Math.floor((maxSize - 2048) / 150)));
    },
  );

  test('what cannot ever fit is told from what has no room now', () => {
    const { writer } = arena(65_536);
    expect(writer.add(entry('x'.repeat(100_000), 1))).toBeUndefined();
    expect(writer.refusal).toBe('never');
    expect(writer.find(1, 'x'.repeat(100_000))).toBeUndefined();
    expect(writer.add(entry('x', 65_536))).toBeUndefined();
    expect(writer.refusal).toBe('never');
    for (let i = 0; writer.add(entry(`${i}`, 400)) !== undefined; i++);
    expect(writer.refusal).toBe('full');
  });

  test('functions are numbered from 0', () => {
    const { writer, reader } = arena();
    for (const fn of [-1, 0.5 + FUNCTIONS, FUNCTIONS, Number.NaN]) {
      expect(() => writer.add(entry('a', 1, { fn }))).toThrow(RangeError);
    }
    const fn = FUNCTIONS - 1;
    writer.add(entry('a', 10, { fn }));
    expect(read(reader, fn, 'a')?.length).toBe(10);
    writer.raiseGeneration(fn);
    expect(read(reader, fn, 'a')).toBeUndefined();
  });
});
