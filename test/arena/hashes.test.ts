/** Keys that an adversary has chosen have one hash, whatever the seed, and cost the keys of others. */

import { describe, expect, test } from 'vitest';
import type { ArenaShare } from '../../src/arena/layout.ts';
import { PackedKey } from '../../src/arena/packed-key.ts';
import { FunctionRecord } from '../../src/coordinator/function-record.ts';
import { Memory } from '../../src/coordinator/memory.ts';
import type { CacheAccess } from '../../src/protocol.ts';
import { cases, inFull } from '../effort.ts';
import { FakeClock } from '../fake-clock.ts';
import { random } from './entries.ts';

/** Characters of words, as they lie in the arena: one byte each. */
function textOf(words: readonly number[]): string {
  return Buffer.from(Int32Array.from(words).buffer).toString('latin1');
}

/** All combinations of differences that may or may not be there. */
function combinations(
  base: readonly number[],
  differences: readonly (readonly number[])[],
): string[] {
  return Array.from({ length: 2 ** differences.length }, (_, chosen) => {
    const words = [...base];
    differences.forEach((difference, bit) => {
      if ((chosen >> bit) & 1)
        difference.forEach((part, at) => {
          words[at] = (words[at] as number) ^ part;
        });
    });
    return textOf(words);
  });
}

function hashesOf(texts: readonly string[], seed: number): number {
  const key = new PackedKey(seed);
  return new Set(texts.map((text) => key.pack(1, text))).size;
}

const next = random(7);
const word = () => Math.floor(next() * 2 ** 32) | 0;
const words = (count: number) => Array.from({ length: count }, word);
const PAIRS = 10;
const TOP = 0x80000000 | 0;

/** The same pair of differences in many places, in words that are next to each other or next but one. */
function pairs(here: number, behind: number, distance: number): number[][] {
  return Array.from({ length: PAIRS }, (_, i) => {
    const difference = new Array<number>(4 * PAIRS).fill(0);
    difference[4 * i] = here;
    difference[4 * i + distance] = behind;
    return difference;
  });
}

describe.each([1, 2])(
  'texts that differ in words at a distance of %d have different hashes',
  (distance) => {
    test.each<[string, number, number]>([
      ['bit 31, and bits 31 and 16 of the next', TOP, TOP | (1 << 16)],
      ['bit 31, and bit 31 of the next', TOP, TOP],
      ['bit 31, and bits 31 and 15', TOP, TOP | (1 << 15)],
      ['bits 31 and 16, and bit 31', TOP | (1 << 16), TOP],
      ['bits 31, 16 and 1, and bits 31 and 17', TOP | (1 << 16) | 2, TOP | (1 << 17)],
    ])('%s', (_, here, behind) => {
      for (let run = 0; run < cases(50); run++) {
        const texts = combinations(words(40), pairs(here, behind, distance));
        expect(hashesOf(texts, word())).toBeGreaterThan(1000);
      }
    });

    test('one or two bits of a word, and one or two of the next', () => {
      for (let run = 0; run < cases(inFull ? 300 : 100); run++) {
        const bits = () => (1 << Math.floor(next() * 32)) | (1 << (31 - Math.floor(next() * 4)));
        const texts = combinations(words(40), pairs(bits(), bits(), distance));
        expect(hashesOf(texts, word())).toBeGreaterThan(1000);
      }
    });
  },
);

test('so have short ones', () => {
  for (let run = 0; run < cases(200); run++) {
    const bits = () => (1 << Math.floor(next() * 32)) | (1 << (31 - Math.floor(next() * 4)));
    const differences = Array.from({ length: 3 }, (_, i) => {
      const difference = new Array<number>(6).fill(0);
      difference[2 * i] = run % 2 ? TOP : bits();
      difference[2 * i + 1] = run % 2 ? TOP | (1 << 16) : bits();
      return difference;
    });
    expect(hashesOf(combinations(words(6), differences), word())).toBe(8);
  }
});

test.each<[string, (n: number) => string]>([
  ['numbers', (n) => String(n)],
  ['numbers with zeros before them', (n) => String(n).padStart(40, '0')],
  ['numbers with zeros behind them', (n) => String(n).padEnd(40, '0')],
  ['lengths', (n) => 'x'.repeat(n % 1500) + (n >= 1500 ? 'y' : '')],
  [
    'one bit in many',
    (n) => textOf(Array.from({ length: 100 }, (_, i) => (i === n >> 5 ? 1 << (n & 31) : 0))),
  ],
])('%s fill the pages of the index evenly', (_, text) => {
  const keys = [...new Set(Array.from({ length: 3000 }, (_, n) => text(n)))];
  for (let run = 0; run < cases(10); run++) {
    const key = new PackedKey(word());
    const upper = new Array<number>(64).fill(0);
    const lower = new Array<number>(64).fill(0);
    for (const each of keys) {
      const hash = key.pack(1, each);
      upper[hash >>> 26] = (upper[hash >>> 26] as number) + 1;
      lower[hash & 63] = (lower[hash & 63] as number) + 1;
    }
    // 47 in the mean: with hashes at random, one in a million runs has 90 in one of them.
    expect(Math.max(...upper, ...lower)).toBeLessThan((keys.length / 64) * 2.2);
  }
});

test('keys that share a page that is full cost only keys of that page', () => {
  const limits = { max: Number.POSITIVE_INFINITY, maxSize: 2 ** 21, maxEntrySize: 2 ** 18 };
  const memory = new Memory(limits, new FakeClock());
  const record = (number: number) =>
    new FunctionRecord(
      {
        id: `m.js#f${number}`,
        module: 'file:///m.js',
        max: Number.POSITIVE_INFINITY,
        versioned: true,
      },
      number,
    );
  const [innocent, flood] = [record(0), record(1)];
  const keep = (fn: FunctionRecord, key: string) =>
    memory.set(fn, key, { value: 1, ms: 1, ttl: 1e6 }, 1);
  for (let n = 0; n < 2000; n++) keep(innocent, `${n}`);

  const { layout } = (memory.readers.join() as CacheAccess).share as ArenaShare;
  const key = new PackedKey(layout.seed);
  const shift = 32 - layout.directoryBits;
  const page = key.pack(1, 'the first') >>> shift;
  const slots = 2 ** layout.pageBits;
  let stored = 0;
  for (let n = 0; stored < slots + 500; n++) {
    if (key.pack(1, `${n}`) >>> shift !== page) continue;
    keep(flood, `${n}`);
    stored++;
    expect(memory.peek(flood, `${n}`)).toBeDefined();
  }
  const inPage = Array.from(
    { length: 2000 },
    (_, n) => key.pack(0, `${n}`) >>> shift === page,
  ).filter(Boolean);
  expect(innocent.counters.evictions).toBeLessThanOrEqual(inPage.length);
  expect(innocent.counters.entries).toBeGreaterThanOrEqual(2000 - inPage.length);
  expect(flood.counters.evictions + innocent.counters.evictions).toBeLessThan(1000);
});
