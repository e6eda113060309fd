/** What the Redis tier does before it asks any server: options, the thread it is in. */

import { createClientPool, createSentinel } from 'redis';
import { createPool, OptionError } from 'threadmemo';
import { type RedisTierOptions, redisTier } from 'threadmemo/redis';
import { describe, expect, test } from 'vitest';
import { inside } from './redis-app/inside.mjs';

const client = { duplicate: () => ({}), sendCommand: async () => {}, destroy: () => {} };

describe('a wrong option is an error that names it:', () => {
  const wrong: [string, object][] = [
    ['url', { url: 'localhost:6379' }],
    ['url', { url: 5 }],
    ['url', { url: 'redis://localhost', client }],
    ['url', { url: 'redis://localhost/abc' }],
    ['url', { url: 'redis://user:p%zz@localhost' }],
    ['url', { url: 'unix:/tmp/redis.sock' }],
    ['client', { client: {} }],
    // As redis@4 makes them, which the tier would never understand.
    ['client', { client: { duplicate: () => ({}), sendCommand: async () => {} } }],
    ['client', { client: createSentinel({ name: 'x', sentinelRootNodes: [] }) }],
    ['client', { client: createClientPool() }],
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
    expect(open({ url: 'redis://user:hunter2@cache/abc' })).toThrow(/^(?!.*hunter2)/);
    expect(open({ secret: 'hunter2' })).toThrow(/^(?!.*hunter2)/);
  });
});

test('in a thread of a pool it is an error that says what to do', async () => {
  const pool = await createPool({ threads: 1 });
  expect(await inside()).toEqual(['ThreadError', expect.stringContaining('a module of its own')]);
  await pool.close();
});
