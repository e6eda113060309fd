/** What is not used stays for ever, or what is used goes: on some thread, or for some kind of hit. */

import fc from 'fast-check';
import { mapTier, type Tier } from 'threadmemo';
import { fakeClock } from 'threadmemo/testing';
import { describe, expect, test } from 'vitest';
import { cases, variants } from '../effort.ts';
import { count, counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import {
  idling,
  idlingNear,
  idlingStale,
  look,
  looks,
  type Name,
} from '../fixtures/growing-old.ts';
import { open, until } from '../threads/open.ts';

const TTI = 60_000;
/** Until then it may be there, and from then on it is not. */
const LATEST = 1.25 * TTI;

let nth = 0;
const callersOf = {
  'the main thread': look,
  'a worker thread': (name: Name, cell: string) => looks(name, cell, ++nth),
};

const places = [
  { threads: 0, from: 'the main thread' },
  { threads: 2, from: 'a worker thread' },
  { threads: 2, from: 'the main thread' },
] as const;

describe.each(variants(places, 2))('with $threads threads, from $from', ({ threads, from }) => {
  const see = async (name: Name, cell: string) => {
    const { has, value } = await callersOf[from](name, cell);
    return { has, value: Array.isArray(value) ? value[0] : value };
  };

  test.each(['idling', 'idlingNear'] as const)('%s: unused it is dead', async (name) => {
    const clock = fakeClock();
    await open({ threads, clock });
    const cell = fresh('unused');
    const fn = { idling, idlingNear }[name];
    await see(name, cell);
    clock.advance(TTI - 1);
    // Looks that are no uses.
    expect([fn.has(cell), fn.peek(cell) !== undefined]).toEqual([true, true]);
    clock.advance(LATEST - TTI + 1);
    expect([fn.has(cell), fn.peek(cell)]).toEqual([false, undefined]);
    expect((await fn.explain(cell)).lastMiss).toEqual({ reason: 'idle' });
    expect(await see(name, cell)).toEqual({ has: false, value: 2 });
    expect((await fn.explain(cell)).lastMiss).toEqual({ reason: 'idle' });
  });

  test.each(['idling', 'idlingNear'] as const)('%s: uses keep it', async (name) => {
    const clock = fakeClock();
    const pool = await open({ threads, clock });
    const cell = fresh('used');
    await see(name, cell);
    for (let uses = 0; uses < 20; uses++) {
      // Also soon after another, when it is only marked.
      clock.advance(uses % 3 === 0 ? TTI - 1 : TTI / 10);
      expect(await see(name, cell)).toEqual({ has: true, value: 1 });
    }
    clock.advance(LATEST);
    expect(await see(name, cell)).toEqual({ has: false, value: 2 });
    const { id } = { idling, idlingNear }[name];
    expect(pool.stats().functions[id]).toMatchObject({ hits: 20, misses: 2, evictions: 0 });
  });

  test('its ttl bounds it all the same', async () => {
    const clock = fakeClock();
    await open({ threads, clock });
    const cell = fresh('bounded');
    for (let minutes = 0; minutes < 60; minutes++) {
      expect(await see('idling', cell)).toEqual({ has: minutes > 0, value: 1 });
      clock.advance(TTI - 1);
    }
    clock.advance(60);
    expect((await idling.explain(cell)).lastMiss).toEqual({ reason: 'expired' });
    expect(await see('idling', cell)).toEqual({ has: false, value: 2 });
  });

  test('a stale hit is a use, and a refresh is none', async () => {
    const clock = fakeClock();
    const pool = await open({ threads, clock });
    const cell = fresh('refreshed');
    await see('idlingStale', cell);
    clock.advance('50s');
    count(`${cell}:slow`);
    expect(await see('idlingStale', cell)).toEqual({ has: true, value: 1 });
    await reaches(cell, 2);
    clock.advance('50s');
    lift(`${cell}:2`);
    await until(() => pool.inspect().flights.length === 0);
    expect(idlingStale.peek(cell)).toBe(2);
    clock.advance(LATEST - 50_000);
    expect(idlingStale.has(cell)).toBe(false);
    expect(counted(cell)).toBe(2);
  });
});

test('uses in one thread keep it for all', async () => {
  const clock = fakeClock();
  await open({ threads: 2, clock });
  const cell = fresh('both');
  for (let uses = 0; uses < 9; uses++) {
    const from = uses % 2 === 0 ? look : callersOf['a worker thread'];
    expect((await from('idlingNear', cell)).value).toEqual([1]);
    clock.advance(TTI - 1);
  }
});

test('whatever the uses, it is there for one tti after the last, and is not after one and a quarter', async () => {
  const steps = fc.array(fc.integer({ min: 0, max: 90_000 }), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom('idling', 'idlingNear'), async (pauses, name) => {
      const clock = fakeClock();
      const pool = await open({ threads: 0, clock });
      const cell = fresh('any');
      let value = (await look(name, cell)).value;
      let madeAt = 0;
      let now = 0;
      for (const pause of pauses) {
        clock.advance(pause);
        now += pause;
        const seen = await look(name, cell);
        const isOld = name === 'idling' && now - madeAt >= 3_600_000;
        if (pause < TTI && !isOld) expect(seen).toEqual({ has: true, value });
        if (pause >= LATEST) expect(seen.has).toBe(false);
        if (!seen.has) madeAt = now;
        value = seen.value;
      }
      await pool.close();
    }),
    { numRuns: cases(30) },
  );
});

describe('in a tier', () => {
  /** A tier that counts what is written. */
  function counting(): { tier: Tier; writes: () => number; end: () => number | undefined } {
    const tier = mapTier();
    const ends: number[] = [];
    const { set } = tier;
    const counts: Tier = {
      ...tier,
      set: async (fn, key, record) => {
        ends.push(record.expiresAt);
        await set.call(tier, fn, key, record);
      },
    };
    return { tier: counts, writes: () => ends.length, end: () => ends.at(-1) };
  }

  test('a value ends so long after it was written, and uses put that off', async () => {
    const { tier, writes, end } = counting();
    const clock = fakeClock();
    const pool = await open({ threads: 0, clock, tiers: [tier] });
    const cell = fresh('tier');
    await idling(cell);
    await until(() => writes() === 1);
    const began = end() as number;
    // A use every five seconds for five minutes: at most once in half a minute.
    for (let uses = 0; uses < 60; uses++) {
      clock.advance('5s');
      expect(await idling(cell)).toBe(1);
      await quiet();
    }
    expect(writes()).toBeGreaterThan(5);
    expect(writes()).toBeLessThanOrEqual(11);
    expect(end()).toBeGreaterThanOrEqual(began + 270_000);
    await pool.close();
    const later = fakeClock({ now: clock.now() + 30_000 });
    const another = await open({ threads: 0, clock: later, tiers: [tier] });
    // Written half a minute ago or less, and used now.
    expect(await idling(cell)).toBe(1);
    await quiet();
    later.advance(TTI - 1);
    expect(await idling(cell)).toBe(1);
    await quiet();
    // Memory has it for as long as the tier may.
    expect(another.stats().functions[idling.id]).toMatchObject({ hits: 2, hitsIn: { tiers: 1 } });
    await another.close();
    const muchLater = fakeClock({ now: later.now() + 90_000 });
    await open({ threads: 0, clock: muchLater, tiers: [tier] });
    expect(await idling(cell)).toBe(2);
  });

  test('its ttl ends there when it does here, however it is used', async () => {
    const { tier } = counting();
    const clock = fakeClock();
    const pool = await open({ threads: 0, clock, tiers: [tier] });
    const cell = fresh('tier-ttl');
    for (let minutes = 0; minutes < 60; minutes++) {
      expect(await idling(cell)).toBe(1);
      await quiet();
      clock.advance(TTI - 1);
    }
    // Just before its end.
    expect(await idling(cell)).toBe(1);
    await quiet();
    await pool.close();
    const later = fakeClock({ now: clock.now() + 61 });
    await open({ threads: 0, clock: later, tiers: [tier] });
    expect(await idling(cell)).toBe(2);
  });

  test('a renewal that comes late counts from the last use', async () => {
    const tier = mapTier();
    let opened = Promise.resolve();
    const get: Tier['get'] = async (fn, key) => {
      await opened;
      return tier.get(fn, key);
    };
    const clock = fakeClock();
    await open({ threads: 0, clock, tiers: [{ ...tier, get }] });
    const cell = fresh('tier-late');
    await idling(cell);
    await quiet();
    clock.advance('40s');
    let opens = () => {};
    opened = new Promise((resolve) => {
      opens = resolve;
    });
    expect(await idling(cell)).toBe(1);
    clock.advance('19s');
    opens();
    await quiet();
    clock.advance(LATEST - 19_000);
    expect(idling.has(cell)).toBe(false);
    expect(await idling(cell)).toBe(2);
  });

  test.each([50, 80])('a refresh of %s seconds is no use there', async (seconds) => {
    const clock = fakeClock();
    const pool = await open({ threads: 0, clock, tiers: [mapTier()] });
    const cell = fresh('tier-refreshed');
    await idlingStale(cell);
    await quiet();
    clock.advance('20s');
    count(`${cell}:slow`);
    expect(await idlingStale(cell)).toBe(1);
    await reaches(cell, 2);
    clock.advance(seconds * 1000);
    lift(`${cell}:2`);
    await until(() => pool.inspect().flights.length === 0);
    await quiet();
    clock.advance(Math.max(0, LATEST - seconds * 1000));
    expect(idlingStale.has(cell)).toBe(false);
    lift(`${cell}:3`);
    expect(await idlingStale(cell)).toBe(3);
  });

  test('what was invalidated while it was to be renewed is not written again', async () => {
    const { tier, writes } = counting();
    const clock = fakeClock();
    await open({ threads: 0, clock, tiers: [tier] });
    const cell = fresh('tier-fenced');
    await idling(cell);
    await until(() => writes() === 1);
    clock.advance(TTI - 1);
    await idling(cell);
    await idling.invalidate(cell);
    await quiet();
    expect(idling.has(cell)).toBe(false);
    expect(await idling(cell)).toBe(2);
  });
});

/** Lets the promises of the tiers come to rest: a map's answers take a few turns. */
async function quiet(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate);
}
