/**
 * The writer publishes something before it is complete, or unlinks something before its successor
 * is there. A thread could see that only in passing; here a reader looks after every single store.
 */

import { afterEach, expect, test } from 'vitest';
import { ArenaWriter } from '../../src/arena/writer.ts';
import { cases } from '../effort.ts';
import { bytesFor, entry, join, random, read, store } from './entries.ts';

// By hand: a spy of the test runner's remembers every call, of which there are very many.
const { store: storeAtomically } = Atomics;
afterEach(() => {
  Atomics.store = storeAtomically;
});

test.each([1, 2, 3])(
  'after each store every entry is whole and where it belongs, run %d',
  (seed) => {
    const writer = new ArenaWriter({ maxSize: 2 ** 15, seed });
    const reader = join(writer);
    const next = random(seed);
    const lengths = new Map<string, number>();
    /** Being added or removed: there or not, but whole. */
    const changing = new Set<string>();
    let looks = 0;

    function look(key: string): void {
      const length = lengths.get(key) as number;
      const bytes = read(reader, 1, key);
      if (bytes === undefined ? !changing.has(key) : !bytes.equals(bytesFor(key, length))) {
        throw new Error(`${key} is ${bytes ? 'not what it was' : 'missing'}`);
      }
      looks++;
    }

    let inside = false;
    Atomics.store = ((words: Int32Array, at: number, value: number) => {
      storeAtomically(words, at, value);
      if (inside) return value;
      inside = true;
      changing.forEach(look);
      const keys = [...lengths.keys()];
      for (let i = 0; i < 3 && keys.length > 0; i++)
        look(keys[Math.floor(next() * keys.length)] ?? '');
      inside = false;
      return value;
    }) as typeof Atomics.store;

    function remove(key: string): boolean {
      changing.add(key);
      writer.remove(writer.find(1, key) as number);
      lengths.delete(key);
      changing.delete(key);
      return true;
    }

    function add(key: string, length: number): void {
      changing.add(key);
      lengths.set(key, length);
      const evict = () => {
        const oldest = [...lengths.keys()].find((other) => other !== key);
        return oldest !== undefined && remove(oldest);
      };
      if (store(writer, entry(key, length), evict) === undefined) lengths.delete(key);
      changing.delete(key);
    }

    for (let i = 0; i < cases(2000); i++) {
      const key = `key ${Math.floor(next() * 400)}`;
      if (lengths.has(key)) remove(key);
      // Small ones make the index grow, large ones make it shrink.
      add(key, Math.floor(next() * (i % 1000 < 500 ? 8 : 180)));
      while (writer.tidy());
    }
    expect(looks).toBeGreaterThan(cases(10_000));
  },
);
