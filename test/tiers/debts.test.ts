/** Invalidations that a store has not heard of. */

import { describe, expect, test } from 'vitest';
import { Debts } from '../../src/tiers/debts.ts';
import type { Invalidation } from '../../src/tiers/tier.ts';

describe('what a store was not told', () => {
  async function owed(debts: Debts): Promise<Invalidation[]> {
    const all: Invalidation[] = [];
    while (!debts.isEmpty) await debts.pay(async (what) => void all.push(what));
    return all;
  }

  test('is told once, and again when that has failed', async () => {
    const debts = new Debts();
    debts.add({ functionId: 'f', key: '1' });
    debts.add({ functionId: 'f', key: '1' });
    debts.add({ functionId: 'g' });
    const failing = debts.pay(async ({ functionId }) => {
      if (functionId === 'f') throw new Error('away');
    });
    await expect(failing).rejects.toThrow('away');
    expect(await owed(debts)).toEqual([{ functionId: 'f', key: '1' }]);
    expect(await owed(debts)).toEqual([]);
  });

  test('is the whole function when it is many keys, and everything when it is many functions', async () => {
    const debts = new Debts();
    for (let n = 0; n < 2000; n++) debts.add({ functionId: 'f', key: String(n) });
    expect(await owed(debts)).toEqual([{ functionId: 'f' }]);
    for (let n = 0; n < 2000; n++) debts.add({ functionId: `f${n}`, key: '1' });
    debts.add({ functionId: 'g', key: '1' });
    expect(await owed(debts)).toEqual([{}]);
  });

  test('has no keys of a function that is all of it', async () => {
    const debts = new Debts();
    debts.add({ functionId: 'f' });
    debts.add({ functionId: 'f', key: '1' });
    expect(await owed(debts)).toEqual([{ functionId: 'f' }]);
    debts.add({});
    debts.add({ functionId: 'f', key: '1' });
    expect(await owed(debts)).toEqual([{}]);
  });

  test('is one key less for each that is paid, and the next key of many is its function', async () => {
    const debts = new Debts();
    for (let n = 0; n < 1000; n++) debts.add({ functionId: `f${n % 10}`, key: String(n) });
    debts.add({ functionId: 'f3', key: '3' });
    debts.add({ functionId: 'f3', key: 'one more' });
    debts.add({ functionId: 'f4', key: 'one more' });
    const all = await owed(debts);
    expect(all).toHaveLength(902);
    expect(all).toContainEqual({ functionId: 'f3' });
    expect(all).toContainEqual({ functionId: 'f4', key: 'one more' });
    for (let n = 0; n < 1000; n++) debts.add({ functionId: 'f', key: String(n) });
    expect(await owed(debts)).toHaveLength(1000);
  });

  test('is owed while it is told, and what comes then is told after it', async () => {
    const debts = new Debts();
    debts.add({ functionId: 'f', key: '1' });
    let done = () => {};
    const first = debts.pay(() => new Promise<void>((resolve) => (done = resolve)));
    expect(debts.isEmpty).toBe(false);
    debts.add({ functionId: 'f', key: '1' });
    done();
    await first;
    expect(debts.isEmpty).toBe(false);
    expect(await owed(debts)).toEqual([{ functionId: 'f', key: '1' }]);
    expect(debts.isEmpty).toBe(true);
  });
});
