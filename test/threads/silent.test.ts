/**
 * A thread reads no messages, because something unwanted in it does not come back: what else
 * is in it would wait for ever.
 */

import { expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import {
  awaits,
  type Hang,
  hangs,
  nestsBlocking,
  occupies,
  outstays,
  waitsAt,
} from '../fixtures/hanging.ts';
import { open, rejection } from './open.ts';

/** Begins a call, and leaves it once `name` has started. */
async function leaves(
  call: (signal: AbortSignal) => Promise<unknown>,
  name: string,
): Promise<void> {
  const going = new AbortController();
  const goes = rejection(call(going.signal));
  await reaches(`${name}:started`, 1);
  going.abort('enough');
  expect(await goes).toBe('enough');
}

/** One thread is occupied, whatever becomes of the other, which waits for it, and is free for more. */
async function waitsBeside(): Promise<{ gate: string; waits: Promise<number> }> {
  const gate = fresh('awaited');
  void occupies(gate);
  await reaches(`${gate}:started`, 1);
  const waits = awaits(gate);
  await reaches(`${gate}:asked`, 1);
  return { gate, waits };
}

const hangings: Hang[] = ['busy', 'busy later', 'busy when told'];

// Each takes as long as the pool has patience with a silent thread: seconds.
test.runIf(inFull).each(hangings)(
  'what waits in the thread of one that was left and is %s starts again elsewhere',
  async (how) => {
    const pool = await open({ threads: 2, attempts: 1 });
    const { gate, waits } = await waitsBeside();
    const name = fresh('hung');
    await leaves((signal) => hangs.with({ signal })(name, how), name);
    lift(gate);
    expect(await waits).toBe(2);
    expect(counted(`${gate}:started`)).toBe(1);
    expect(pool.stats()).toMatchObject({ threadsLost: 1, lost: 1, cancelled: 1 });
  },
);

test.runIf(inFull)(
  'so does what waits in the thread of a chain of blocking calls that was left',
  async () => {
    const pool = await open({ threads: 2, attempts: 1 });
    const { gate, waits } = await waitsBeside();
    const name = fresh('hung');
    await leaves((signal) => nestsBlocking.with({ signal })(name, 2), name);
    lift(gate);
    expect(await waits).toBe(2);
    expect(pool.stats()).toMatchObject({ threadsLost: 1, lost: 1, cancelled: 4 });
  },
);

test.runIf(inFull)(
  'a thread that is busy with what is wanted is not replaced, though it reads nothing',
  async () => {
    await open({ threads: 2, attempts: 1 });
    const gate = fresh('left');
    const occupied = fresh('occupied');
    const going = new AbortController();
    const goes = rejection(outstays.with({ signal: going.signal })(gate));
    await reaches(`${gate}:started`, 1);
    const wanted = occupies(occupied);
    await reaches(`${occupied}:started`, 1);
    going.abort('enough');
    expect(await goes).toBe('enough');
    // Each time the other thread has been replaced, another look has been taken at this one.
    for (let looks = 1; looks <= 4; looks++) {
      const name = fresh('hung');
      await leaves((signal) => hangs.with({ signal })(name, 'busy'), name);
    }
    lift(occupied);
    expect(await wanted).toBe(1);
  },
);

test.runIf(inFull)(
  'a thousand that await in the thread of one that does not come back start again, and none is lost',
  async () => {
    const pool = await open({ threads: 1, attempts: 1 });
    const warm = fresh('short');
    lift(warm);
    for (let n = 0; n < 20; n++) await waitsAt(warm, n);
    const gate = fresh('crowd');
    const crowd = Array.from({ length: 1000 }, (_, n) => waitsAt(gate, n));
    await reaches(`${gate}:started`, 1000);
    const name = fresh('hung');
    await leaves((signal) => hangs.with({ signal })(name, 'busy'), name);
    await reaches(`${gate}:started`, 2000);
    lift(gate);
    const times = await Promise.all(crowd);
    expect(new Set(times)).toEqual(new Set([2]));
    expect(pool.stats()).toMatchObject({ threadsLost: 1, errors: 0, cancelled: 1 });
  },
);
