/** Invalidations that a store has not heard of. */

import { describe, expect, test } from 'vitest';
import { Debts } from '../../src/tiers/debts.ts';
import type { Invalidation } from '../../src/tiers/tier.ts';

describe('what a store was not sent', () => {
  async function owed(debts: Debts): Promise<Invalidation[]> {
    const all: Invalidation[] = [];
    while (!debts.isEmpty) await debts.pay(async (what) => void all.push(what));
    return all;
  }

  test('is sent once, and again when that has failed', async () => {
    const debts = new Debts();
    debts.add({ of: 'key', functionId: 'f', key: '1' });
    debts.add({ of: 'key', functionId: 'f', key: '1' });
    debts.add({ of: 'function', functionId: 'g' });
    const failing = debts.pay(async (what) => {
      if (what.of === 'key') throw new Error('away');
    });
    await expect(failing).rejects.toThrow('away');
    expect(await owed(debts)).toEqual([{ of: 'key', functionId: 'f', key: '1' }]);
    expect(await owed(debts)).toEqual([]);
  });

  test('is the whole function when it is many keys, and everything when it is many functions', async () => {
    const debts = new Debts();
    for (let n = 0; n < 2000; n++) debts.add({ of: 'key', functionId: 'f', key: String(n) });
    expect(await owed(debts)).toEqual([{ of: 'function', functionId: 'f' }]);
    for (let n = 0; n < 2000; n++) debts.add({ of: 'key', functionId: `f${n}`, key: '1' });
    debts.add({ of: 'key', functionId: 'g', key: '1' });
    expect(await owed(debts)).toEqual([{ of: 'all' }]);
  });

  test('has no keys of a function that is all of it', async () => {
    const debts = new Debts();
    debts.add({ of: 'function', functionId: 'f' });
    debts.add({ of: 'key', functionId: 'f', key: '1' });
    expect(await owed(debts)).toEqual([{ of: 'function', functionId: 'f' }]);
    debts.add({ of: 'all' });
    debts.add({ of: 'key', functionId: 'f', key: '1' });
    expect(await owed(debts)).toEqual([{ of: 'all' }]);
  });

  test('is one key less for each that is paid, and the next key of many is its function', async () => {
    const debts = new Debts();
    for (let n = 0; n < 1000; n++)
      debts.add({ of: 'key', functionId: `f${n % 10}`, key: String(n) });
    debts.add({ of: 'key', functionId: 'f3', key: '3' });
    debts.add({ of: 'key', functionId: 'f3', key: 'one more' });
    debts.add({ of: 'key', functionId: 'f4', key: 'one more' });
    const all = await owed(debts);
    expect(all).toHaveLength(902);
    expect(all).toContainEqual({ of: 'function', functionId: 'f3' });
    expect(all).toContainEqual({ of: 'key', functionId: 'f4', key: 'one more' });
    for (let n = 0; n < 1000; n++) debts.add({ of: 'key', functionId: 'f', key: String(n) });
    expect(await owed(debts)).toHaveLength(1000);
  });

  test('is owed while it is sent, and what comes then is sent after it', async () => {
    const debts = new Debts();
    debts.add({ of: 'key', functionId: 'f', key: '1' });
    let done = () => {};
    const first = debts.pay(() => new Promise<void>((resolve) => (done = resolve)));
    expect(debts.isEmpty).toBe(false);
    debts.add({ of: 'key', functionId: 'f', key: '1' });
    done();
    await first;
    expect(debts.isEmpty).toBe(false);
    expect(await owed(debts)).toEqual([{ of: 'key', functionId: 'f', key: '1' }]);
    expect(debts.isEmpty).toBe(true);
  });
});

describe('what is owed', () => {
  const key: Invalidation = { of: 'key', functionId: 'f', key: '1' };

  test('is so until it was paid, also while that is tried', async () => {
    const debts = new Debts();
    debts.add(key);
    let fail = () => {};
    const paying = debts.pay(
      () =>
        new Promise((_, reject) => {
          fail = () => reject(new Error('full'));
        }),
    );
    expect([debts.owes('f', '1'), debts.owes('f', '2'), debts.size]).toEqual([true, false, 1]);
    fail();
    await expect(paying).rejects.toThrow('full');
    expect([debts.owes('f', '1'), debts.size]).toEqual([true, 1]);
    await debts.pay(async () => {});
    expect([debts.owes('f', '1'), debts.size, debts.isEmpty]).toEqual([false, 0, true]);
  });

  test('covers the keys of a function, and all functions', () => {
    const debts = new Debts();
    debts.add({ of: 'function', functionId: 'f' });
    debts.settle(key);
    expect([debts.owes('f', '1'), debts.owes('g', '1')]).toEqual([true, false]);
    debts.add({ of: 'all' });
    expect(debts.owes('g', '1')).toBe(true);
    debts.settle({ of: 'function', functionId: 'g' });
    expect([...debts.all()]).toEqual([{ of: 'all' }]);
    debts.settle({ of: 'all' });
    expect(debts.isEmpty).toBe(true);
  });

  test('is not owed again when it was settled while it was tried, and that failed', async () => {
    const debts = new Debts();
    debts.add(key);
    const paying = debts.pay(async () => {
      debts.settle({ of: 'function', functionId: 'f' });
      throw new Error('full');
    });
    await expect(paying).rejects.toThrow('full');
    expect(debts.isEmpty).toBe(true);
  });
});
