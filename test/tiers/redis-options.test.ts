/** What the Redis tier does before it asks any server: options, the thread it is in, what it owes. */

import { createPool, OptionError } from 'threadmemo';
import { type RedisTierOptions, redisTier } from 'threadmemo/redis';
import { describe, expect, test } from 'vitest';
import { Debts } from '../../src/tiers/debts.ts';
import type { Invalidation } from '../../src/tiers/tier.ts';
import { inside } from './redis-app/inside.mjs';

const client = { duplicate: () => ({}), sendCommand: async () => {} };

describe('a wrong option is an error that names it:', () => {
  const wrong: [string, object][] = [
    ['url', { url: 'localhost:6379' }],
    ['url', { url: 5 }],
    ['url', { url: 'redis://localhost', client }],
    ['client', { client: {} }],
    ['client', { client: null }],
    ['prefix', { prefix: '' }],
    ['prefix', { prefix: 'a{b}' }],
    ['prefix', { prefix: 'a b' }],
    ['maxAge', { maxAge: 0 }],
    ['maxAge', { maxAge: Number.POSITIVE_INFINITY }],
    ['compressAbove', { compressAbove: -1 }],
    ['secret', { secret: 'short' }],
    ['secret', { secret: 5 }],
    ['timeout', { timeout: '0s' }],
    ['connectTimeout', { connectTimeout: 'soon' }],
    ['timeOut', { timeOut: 5 }],
  ];
  test.each(wrong)('%s: %o', (option, options) => {
    const open = () => redisTier(options as RedisTierOptions);
    expect(open).toThrow(OptionError);
    expect(open).toThrow(option);
  });

  test('and neither a password nor a secret is in it', () => {
    const open = (options: RedisTierOptions) => () => redisTier(options);
    expect(open({ url: 'http://user:hunter2@cache' })).toThrow(/^(?!.*hunter2)/);
    expect(open({ secret: 'hunter2' })).toThrow(/^(?!.*hunter2)/);
  });
});

test('in a thread of a pool it is an error that says what to do', async () => {
  const pool = await createPool({ threads: 1 });
  expect(await inside()).toEqual(['ThreadError', expect.stringContaining('a module of its own')]);
  await pool.close();
});

describe('what Redis was not told', () => {
  async function owed(debts: Debts): Promise<Invalidation[]> {
    const all: Invalidation[] = [];
    await debts.settle(async (what) => void all.push(what));
    return all;
  }

  test('is told once, and again when that has failed', async () => {
    const debts = new Debts();
    debts.add({ functionId: 'f', key: '1' });
    debts.add({ functionId: 'f', key: '1' });
    debts.add({ functionId: 'g' });
    const failing = debts.settle(async ({ functionId }) => {
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
});
