/** A readiness probe says yes to a process that cannot answer, or no to one that can. */

import { mapTier, QueueFullError } from 'threadmemo';
import { expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { gated } from '../fixtures/gated.ts';
import { hangs } from '../fixtures/hanging.ts';
import { one } from '../fixtures/limited.ts';
import { increment } from '../fixtures/quick.ts';
import { open, rejection, until } from '../threads/open.ts';

test('ready once a thread is up', async () => {
  const pool = await open({ threads: 2 });
  expect(pool.health()).toEqual({
    ready: false,
    state: 'open',
    threads: { up: 0, wanted: 2 },
    tiers: {},
    queued: 0,
  });
  await until(() => pool.health().threads.up > 0);
  expect(pool.health().ready).toBe(true);
});

test('a pool without threads needs none', async () => {
  const pool = await open({ threads: 0 });
  expect(pool.health()).toMatchObject({ ready: true, threads: { up: 0, wanted: 0 } });
});

test.runIf(inFull)('not ready while maxQueue would refuse one more call', async () => {
  const pool = await open({ threads: 1, maxQueue: 1 });
  const [busy, queued] = [fresh('busy'), fresh('queued')];
  const stop = new AbortController();
  const first = rejection(hangs.with({ signal: stop.signal })(busy, 'busy'));
  await reaches(`${busy}:started`, 1);
  const second = gated(queued);
  expect(pool.health()).toMatchObject({ ready: false, state: 'open', queued: 1 });
  stop.abort(new Error('enough'));
  lift(queued);
  await Promise.all([first, second]);
  expect(pool.health().ready).toBe(true);
});

test.each([0, 2])(
  'a queue has no end for what this thread computes itself: maxQueue %i',
  async (maxQueue) => {
    const pool = await open({ threads: 0, maxQueue });
    const series = fresh('limited');
    const gates = Array.from({ length: maxQueue + 1 }, () => fresh('gate'));
    const calls = gates.map((gate) => one(series, gate));
    await reaches(`${series}:in`, 1);
    expect(pool.health()).toMatchObject({ ready: true, state: 'open', queued: maxQueue });
    expect(await increment(1)).toBe(2);
    // Only a function that is at its limit is refused.
    expect(await rejection(one(series, fresh('more')))).toBeInstanceOf(QueueFullError);
    for (const gate of gates) lift(gate);
    await Promise.all(calls);
  },
);

test('a tier that does not answer is down; the pool is ready, because it computes for itself', async () => {
  const tier = { ...mapTier(), name: 'silent', get: () => new Promise<never>(() => {}) };
  const pool = await open({ threads: 0, tiers: [tier], tierTimeout: 1 });
  expect(pool.health().tiers).toEqual({ silent: { up: true } });
  expect(await increment(1)).toBe(2);
  expect(pool.health()).toMatchObject({ ready: true, tiers: { silent: { up: false } } });
});

test('a tier says itself that its server is away', async () => {
  const tier = { ...mapTier(), isUp: () => false };
  const pool = await open({ threads: 0, tiers: [tier] });
  expect(pool.health().tiers).toEqual({ [tier.name]: { up: false } });
});
