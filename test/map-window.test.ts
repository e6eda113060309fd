/** `map` opens so many calls that their results do not fit, or so few that threads are idle. */

import { describe, expect, test } from 'vitest';
import { mapInOrder } from '../src/api/map.ts';
import { roughSize } from '../src/values/rough-size.ts';

const MIB = 2 ** 20;

/** Calls that are answered by hand, in their order. */
class Calls {
  open: (() => void)[] = [];
  most = 0;

  readonly call = (bytes: number | Buffer): Promise<Buffer> =>
    new Promise((resolve) => {
      const size = typeof bytes === 'number' ? bytes : 0;
      this.open.push(() => resolve(Buffer.alloc(size)));
      this.most = Math.max(this.most, this.open.length);
    });

  async answer(count: number): Promise<void> {
    await settled();
    for (let i = 0; i < count; i++) {
      this.open.shift()?.();
      await settled();
    }
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function begin(inputs: Iterable<number | Buffer>, concurrency = 64, threads = 2) {
  const calls = new Calls();
  const options = { concurrency, signal: undefined, onProgress: undefined };
  const results = mapInOrder(inputs, calls.call, options, () => threads);
  return { calls, results, first: results.next() };
}

function* sizes(...counts: (readonly [count: number, bytes: number])[]): Generator<number> {
  for (const [count, bytes] of counts) for (let i = 0; i < count; i++) yield bytes;
}

describe('the window', () => {
  test('is narrow until the first result shows how large they are, and then wide', async () => {
    const { calls, first } = begin(sizes([100, 10]));
    await settled();
    expect(calls.open.length).toBe(3);
    await calls.answer(1);
    await first;
    await settled();
    expect(calls.open.length).toBe(64);
  });

  test('stays narrow where results are large', async () => {
    const { calls, first, results } = begin(sizes([100, 4 * MIB]));
    await calls.answer(1);
    await first;
    for (let i = 0; i < 20; i++) {
      const next = results.next();
      await calls.answer(1);
      await next;
    }
    expect(calls.most).toBe(4);
  });

  test('holds no more results that are not taken, whether calls are open or not', async () => {
    const { calls, first } = begin(sizes([100, 4 * MIB]));
    void first;
    await calls.answer(50);
    expect(calls.open.length).toBe(0);
    expect(calls.most).toBeLessThan(5);
  });

  test('gets narrow when results that were small are large', async () => {
    const { calls, first, results } = begin(sizes([100, 10], [100, 4 * MIB]));
    await calls.answer(1);
    await first;
    for (let i = 1; i < 100; i++) {
      const next = results.next();
      await calls.answer(1);
      await next;
    }
    // Those that were begun for small ones are the last of that many.
    for (let i = 0; i < 80; i++) {
      const next = results.next();
      await calls.answer(1);
      await next;
    }
    expect(calls.open.length).toBeLessThan(10);
  });

  test('counts inputs', async () => {
    const large = Array.from({ length: 50 }, () => Buffer.alloc(4 * MIB));
    const { calls, first } = begin(large);
    await calls.answer(1);
    await first;
    await settled();
    expect(calls.open.length).toBe(4);
  });

  test('has a call for each thread, however large results are', async () => {
    const { calls, first } = begin(sizes([100, 64 * MIB]), 64, 8);
    await settled();
    expect(calls.open.length).toBe(9);
    await calls.answer(2);
    await first;
    await settled();
    expect(calls.open.length).toBeGreaterThanOrEqual(7);
    expect(calls.most).toBe(9);
  });
});

describe('a rough size is right', () => {
  const rows = Array.from({ length: 10_000 }, (_, id) => ({ id, name: 'x'.repeat(100) }));
  let chain: unknown = null;
  for (let i = 0; i < 900; i++) chain = { text: 'x'.repeat(100), next: chain };
  const tree = (depth: number): unknown =>
    depth === 0 ? 'x'.repeat(100) : { left: tree(depth - 1), right: tree(depth - 1) };

  test.each<[string, unknown, number]>([
    ['text', 'x'.repeat(1000), 1000],
    ['bytes', Buffer.alloc(1000), 1000],
    ['bytes in a Map', new Map([['a', new Uint8Array(100_000)]]), 100_000],
    ['rows', rows, 1_800_000],
    ['rows somewhere', { total: 1, items: [{ more: { rows } }] }, 1_800_000],
    ['a chain', chain, 160_000],
    ['a tree', tree(12), 850_000],
  ])('of %s', (_, value, bytes) => {
    expect(roughSize(value)).toBeGreaterThan(bytes * 0.7);
    expect(roughSize(value)).toBeLessThan(bytes * 1.5);
  });

  test('and no code of the value runs', () => {
    const trap = new Proxy({}, { ownKeys: () => expect.fail('a trap ran') });
    const value = {
      get getter() {
        return expect.fail('a getter ran');
      },
      trap,
    };
    expect(roughSize(value)).toBeLessThan(500);
  });
});
