/** A hung computation keeps its key locked for ever though its callers have gone. */

import { TimeoutError } from 'threadmemo';
import { expect, test } from 'vitest';
import { cases, inFull } from '../effort.ts';
import { fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { hangs, nests, nestsBlocking, occupies, outlives, spins } from '../fixtures/hanging.ts';
import { increment } from '../fixtures/quick.ts';
import { open, rejection, until } from './open.ts';

/** Two callers, of whom one goes by a signal and the other by a timeout, when it hangs already. */
async function hangUp(name: string, how: 'busy' | 'idle'): Promise<void> {
  const going = new AbortController();
  const goes = rejection(hangs.with({ signal: going.signal })(name, how));
  await reaches(`${name}:started`, 1);
  expect(await rejection(hangs.with({ timeout: 1 })(name, how))).toBeInstanceOf(TimeoutError);
  going.abort('enough');
  expect(await goes).toBe('enough');
}

test.runIf(inFull)(
  'a new call computes anew while the old computation hangs, whose thread is replaced',
  async () => {
    const pool = await open({ threads: 2 });
    const name = fresh('hung');
    await hangUp(name, 'busy');
    expect(await hangs(name, 'busy')).toBe(2);

    // The other thread is occupied: what comes next is computed in the place of the hung one.
    const gate = fresh('occupied');
    const occupied = occupies(gate);
    await reaches(`${gate}:started`, 1);
    expect(await increment(1)).toBe(2);
    expect(pool.stats()).toMatchObject({ cancelled: 1, lost: 0, threads: 2, threadsLost: 1 });
    lift(gate);
    expect(await occupied).toBe(1);
  },
);

test('the only thread hangs: what is queued behind it is computed', async () => {
  await open({ threads: 1, attempts: 1 });
  const name = fresh('hung');
  await hangUp(name, 'idle');
  expect(await Promise.all([increment(1), hangs(name, 'idle')])).toEqual([2, 2]);
});

test.runIf(inFull)(
  'the thread of a hung computation is not replaced while others want something of it',
  async () => {
    const pool = await open({ threads: 2, attempts: 1 });
    const gate = fresh('wanted');
    const wanted = outlives(gate, fresh('hung'));
    await reaches(`${gate}:started`, 1);
    // Each time the other thread has been replaced, another look has been taken at this one.
    for (let looks = 1; looks <= cases(4); looks++) {
      // Not in the thread that awaits the gate, which would take it if no other one were to come.
      await until(() => pool.inspect().threads.some(({ state }) => state === 'idle'));
      const name = fresh('hung');
      const going = new AbortController();
      const goes = rejection(spins.with({ signal: going.signal })(name));
      await reaches(`${name}:started`, 1);
      going.abort('enough');
      expect(await goes).toBe('enough');
      await until(() => pool.stats().threadsLost === looks);
    }
    expect(await increment(1)).toBe(2);
    expect(pool.stats()).toMatchObject({ cancelled: cases(4) + 1, threadsLost: cases(4) });
    lift(gate);
    expect(await wanted).toBe(1);
  },
);

type Nested = (signal: AbortSignal, name: string) => Promise<unknown>;
const nested: [string, Nested][] = [
  ['in its own thread', (signal, name) => nests.with({ signal })(name, 'call', 0)],
  ['through a chain of calls', (signal, name) => nests.with({ signal })(name, 'call', 3)],
  ['and is forked', (signal, name) => nests.with({ signal })(name, 'fork', 2)],
  ['and blocks its thread', (signal, name) => nestsBlocking.with({ signal })(name, 2)],
];
test.runIf(inFull).each(nested)(
  'what was left waits for what never comes back, %s: the thread is replaced',
  async (_, call) => {
    const pool = await open({ threads: 1 });
    const name = fresh('nested');
    const going = new AbortController();
    const goes = rejection(call(going.signal, name));
    await reaches(`${name}:started`, 1);
    going.abort('enough');
    expect(await goes).toBe('enough');
    expect(await increment(1)).toBe(2);
    expect(pool.stats()).toMatchObject({ threadsLost: 1, lost: 0 });
  },
);

test.runIf(inFull)(
  'two that were left wait for the same that never comes back: both threads are free again',
  async () => {
    await open({ threads: 2 });
    const name = fresh('nested');
    const going = new AbortController();
    const { signal } = going;
    const goes = [0, 2].map((depth) => rejection(nests.with({ signal })(name, 'call', depth)));
    await reaches(`${name}:started`, 1);
    await reaches(`${name}:nested`, 3);
    going.abort('enough');
    expect(await Promise.all(goes)).toEqual(['enough', 'enough']);
    const gates = [fresh('free'), fresh('free')];
    const both = gates.map((gate) => occupies(gate));
    await Promise.all(gates.map((gate) => reaches(`${gate}:started`, 1)));
    for (const gate of gates) lift(gate);
    expect(await Promise.all(both)).toEqual([1, 1]);
  },
);
