/** A primed value is not found, loses to what was computed before it, or is kept against the function's options. */

import { mapTier, OptionError, type TierRecord, ValueError } from 'threadmemo';
import { describe, expect, test } from 'vitest';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { bytes, declined, primes, primesItself, row } from '../fixtures/primed.ts';
import { Guest } from '../threads/guest.ts';
import { open, rejection, until } from '../threads/open.ts';
import { OneProcess, settled } from './one-process.ts';

describe.each([1, 0])('in a pool with %i threads', (threads) => {
  test('what main primes is there when the call returns, and is computed by none', async () => {
    await open({ threads });
    const gate = fresh('primed');
    const set = row.set([gate], { of: 'main' });
    expect(row.peek(gate)).toEqual({ of: 'main' });
    await set;
    expect(await row(gate)).toEqual({ of: 'main' });
    expect(row.stats()).toMatchObject({ hits: 1, misses: 0, computations: 0, entries: 1 });
  });

  test('what a computation primes is there when that settles, for all threads', async () => {
    await open({ threads });
    const gate = fresh('primed');
    expect(await primes(gate, 'a thread')).toBe('a thread');
    expect(row.peek(gate)).toEqual({ of: 'a thread' });
    expect(counted(`${gate}:started`)).toBe(0);
  });

  test('what is being computed answers its callers, and does not replace what is primed', async () => {
    await open({ threads });
    const gate = fresh('fenced');
    const before = row(gate);
    await reaches(`${gate}:started`, 1);
    await row.set([gate], { of: 'main' });
    lift(gate);
    expect(await before).toEqual({ of: 'computation 1' });
    expect(row.peek(gate)).toEqual({ of: 'main' });
    expect(await row(gate)).toEqual({ of: 'main' });
  });

  test('what has not begun is answered with it, and never begins', async () => {
    await open({ threads });
    const [first, gate] = [fresh('first'), fresh('waiting')];
    const other = row(first);
    await reaches(`${first}:started`, 1);
    const waits = row(gate);
    await until(() => row.stats().misses === 2);
    await row.set([gate], { of: 'main' });
    expect(await waits).toEqual({ of: 'main' });
    expect(counted(`${gate}:started`)).toBe(0);
    lift(first);
    await other;
  });

  test('a computation may prime its own entry', async () => {
    await open({ threads });
    const name = fresh('itself');
    expect(await primesItself(name)).toBe('computed');
    expect(primesItself.peek(name)).toBe('primed');
  });
});

test('an attached thread primes', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  const gate = fresh('guest');
  await guest.ask('set', 'row', [gate], { of: 'a guest' });
  expect(row.peek(gate)).toEqual({ of: 'a guest' });
});

test('what is not to be kept forgets what there was', async () => {
  await open({ threads: 1 });
  const name = fresh('name');
  await declined.set([name], 'yes');
  expect(declined.peek(name)).toBe('yes');
  await declined.set([name], 'no');
  expect(declined.has(name)).toBe(false);
  expect(await declined(name)).toBe(`${name} 1`);
});

test('what is wrong is refused, and changes nothing', async () => {
  await open({ threads: 1 });
  const name = fresh('wrong');
  await declined.set([name], 'yes');
  const noArray = await rejection(declined.set(name as unknown as [string], 'no'));
  expect(noArray).toBeInstanceOf(OptionError);
  expect(noArray.message).toContain('the first argument of set');
  const value = { of: () => {} } as unknown as { of: string };
  const refused = await rejection(row.set([name], value));
  expect(refused).toBeInstanceOf(ValueError);
  expect(refused).toMatchObject({ functionId: row.id, path: 'value.of' });
  expect(row.has(name)).toBe(false);
  expect(declined.peek(name)).toBe('yes');
});

test("with values: 'shared' it is a view of shared memory", async () => {
  await open({ threads: 1 });
  await bytes.set([], Uint8Array.of(1, 2));
  const found = await bytes();
  expect([...found]).toEqual([1, 2]);
  expect(found.buffer).toBeInstanceOf(SharedArrayBuffer);
});

test('in a tier it comes after what was asked for before, and stays', async () => {
  const records = new Map<string, Map<string, TierRecord>>();
  const tier = mapTier(records);
  let letGo = () => {};
  const slow = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const set: typeof tier.set = (...args) => slow.then(() => tier.set(...args));
  await open({ threads: 1, tiers: [{ ...tier, set }] });
  const gate = fresh('tier');
  lift(gate);
  await row(gate);
  const primed = row.set([gate], { of: 'main' });
  letGo();
  await primed;
  const [record] = records.get(row.id)?.values() ?? [];
  expect(Buffer.from(record?.value.bytes ?? []).toString('latin1')).toContain('main');
  expect(await row(gate)).toEqual({ of: 'main' });
});

test('it ends when a computed value would, and counts for as much as computing one takes', async () => {
  const process = new OneProcess();
  const fn = process.fn('m.js#f', { jitter: 0.5 });
  process.chance = 0.5;
  await process.compute(fn, '1', 7, 1000);
  void process.coordinator.set(fn, '2', { value: 8, ms: 0, ttl: 1000 });
  await settled();
  const [computed, primed] = [process.record(fn, '1'), process.record(fn, '2')];
  expect(primed?.expiresAt).toBe(computed?.expiresAt);
  expect(primed?.ms).toBe(computed?.ms);
  process.clock.advance(750);
  expect(process.coordinator.peek(fn, '2')).toBeUndefined();
});
