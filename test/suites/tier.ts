/** What every tier has to do, whatever stores it. */

import { afterEach, describe, expect, test } from 'vitest';
import { Codec } from '../../src/protocol.ts';
import type { Tier, TierRecord } from '../../src/tiers/tier.ts';

/** @param make opens a tier that is empty. */
export function tierSuite(name: string, make: () => Tier | Promise<Tier>): void {
  describe(name, () => {
    let tier: Tier | undefined;
    const open = async () => {
      tier = await make();
      return tier;
    };
    afterEach(async () => {
      await tier?.close();
      tier = undefined;
    });

    test('has a name', async () => {
      expect((await open()).name).toMatch(/./);
    });

    test('knows nothing at first', async () => {
      const opened = await open();
      expect(await opened.get('f', 'f(1)')).toBeUndefined();
      await opened.delete('f', 'f(1)');
      await opened.clear('f');
    });

    test('returns what was set, byte for byte', async () => {
      const opened = await open();
      await opened.set('f', 'f(1)', record([0, 255, 1], 'buffer'));
      await opened.set('f', 'f(2)', record([], 'undefined'));
      expect(await opened.get('f', 'f(1)')).toEqual(record([0, 255, 1], 'buffer'));
      expect(await opened.get('f', 'f(2)')).toEqual(record([], 'undefined'));
    });

    test('keeps the last of two records', async () => {
      const opened = await open();
      await opened.set('f', 'f(1)', record([1]));
      await opened.set('f', 'f(1)', record([2]));
      expect(await opened.get('f', 'f(1)')).toEqual(record([2]));
    });

    test('deletes one key, and only that', async () => {
      const opened = await open();
      await opened.set('f', 'f(1)', record([1]));
      await opened.set('f', 'f(2)', record([2]));
      await opened.delete('f', 'f(1)');
      expect(await opened.get('f', 'f(1)')).toBeUndefined();
      expect(await opened.get('f', 'f(2)')).toEqual(record([2]));
    });

    test('clears one function, or all', async () => {
      const opened = await open();
      for (const fn of ['f', 'g', 'h']) await opened.set(fn, `${fn}(1)`, record([1]));
      await opened.clear('f');
      expect(await opened.get('f', 'f(1)')).toBeUndefined();
      expect(await opened.get('g', 'g(1)')).toEqual(record([1]));
      await opened.clear();
      expect(await opened.get('g', 'g(1)')).toBeUndefined();
      expect(await opened.get('h', 'h(1)')).toBeUndefined();
    });
  });
}

export function record(bytes: number[], codec: keyof typeof Codec = 'uint8array'): TierRecord {
  const value = { codec: Codec[codec], bytes: new Uint8Array(bytes) };
  return { value, expiresAt: 4_000_000_000_000, ms: 12.5 };
}
