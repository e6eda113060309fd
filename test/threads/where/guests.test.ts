/** Attached workers, tiers that outlive the process, and functions that main has yet to load. */

import { threadId } from 'node:worker_threads';
import { mapTier, memoize, OptionError, type Tier } from 'threadmemo';
import { expect, test } from 'vitest';
import { fresh, lift } from '../../fixtures/counters-and-gates.ts';
import { atOnce, byCaller } from '../../fixtures/where.ts';
import { Guest } from '../guest.ts';
import { open, rejection } from '../open.ts';

test.each([1, 0])(
  'an attached worker of a pool with %i threads has main compute',
  async (threads) => {
    const pool = await open({ threads });
    const guest = new Guest();
    await pool.attach(guest.worker);
    for (const how of ['call', 'fork', 'sync']) {
      const [gate, name] = [fresh(how), fresh(how)];
      lift(gate);
      expect(await guest.ask(how, 'onMain', gate)).toEqual({ nth: 1, thread: threadId });
      expect(await guest.ask(how, 'atOnce', name)).toEqual({ nth: 1, thread: threadId });
      expect(atOnce.peek(name)).toEqual({ nth: 1, thread: threadId });
    }
    const gate = fresh('caller');
    lift(gate);
    expect(await guest.ask('call', 'byCaller', gate)).toEqual({ nth: 1, thread: guest.threadId });
    expect(await byCaller(gate)).toEqual({ nth: 1, thread: guest.threadId });
    await pool.close();
    await expect(guest.ask('call', 'atOnce', fresh('closed'))).rejects.toMatchObject({
      code: 'ERR_THREADMEMO_POOL_CLOSED',
    });
  },
);

test('without threads, what an attached worker forks is computed on main', async () => {
  const pool = await open({ threads: 0 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  expect(await guest.ask('call', 'plain', fresh('called'))).toMatchObject({
    thread: guest.threadId,
  });
  expect(await guest.ask('fork', 'plain', fresh('forked'))).toMatchObject({ thread: threadId });
});

test.each(['caller', 'main'] as const)(
  'with a tier that outlives the process a function of thread %s needs a version',
  async (thread) => {
    const tier: Tier = { ...mapTier(), persistent: true };
    await open({ threads: 1, tiers: [tier] });
    const name = fresh('row');
    const without = memoize(import.meta.url, async () => 1, { name, thread });
    const error = await rejection(without());
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toContain('version');
    expect(error.message).toContain(`thread: '${thread}'`);
    const versioned = memoize(import.meta.url, async () => 2, { name, thread, version: '1' });
    expect(await versioned()).toBe(2);
  },
);
