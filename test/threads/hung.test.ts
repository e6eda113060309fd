/** A hung computation keeps its key locked for ever though its callers have gone. */

import { TimeoutError } from 'threadmemo';
import { expect, test } from 'vitest';
import { gated } from '../../workers/gated.ts';
import { hangs, outlives } from '../../workers/hanging.ts';
import { increment } from '../../workers/quick.ts';
import { fresh, lift, reaches } from '../../workers/shared.ts';
import { open, rejection } from './open.ts';

/** Two callers, of whom one goes by a signal and the other by a timeout, when it hangs already. */
async function hangUp(name: string, how: 'busy' | 'idle'): Promise<void> {
  const going = new AbortController();
  const goes = rejection(hangs.with({ signal: going.signal })(name, how));
  await reaches(`${name}:started`, 1);
  expect(await rejection(hangs.with({ timeout: 1 })(name, how))).toBeInstanceOf(TimeoutError);
  going.abort('enough');
  expect(await goes).toBe('enough');
}

test('a new call computes anew while the old computation hangs, whose thread is replaced', async () => {
  const pool = await open({ threads: 2 });
  const name = fresh('hung');
  await hangUp(name, 'busy');
  expect(await hangs(name, 'busy')).toBe(2);

  // The other thread is occupied: what comes next is computed in the place of the hung one.
  const gate = fresh('occupied');
  const occupied = gated(gate);
  await reaches(`${gate}:started`, 1);
  expect(await increment(1)).toBe(2);
  expect(pool.stats()).toMatchObject({ cancelled: 1, lost: 0, threads: 2, threadsLost: 1 });
  lift(gate);
  expect(await occupied).toMatchObject({ nth: 1 });
});

test('the only thread hangs: what is queued behind it is computed', async () => {
  await open({ threads: 1, attempts: 1 });
  const name = fresh('hung');
  await hangUp(name, 'idle');
  expect(await Promise.all([increment(1), hangs(name, 'idle')])).toEqual([2, 2]);
});

test('the thread of a hung computation is not replaced while others want something of it', async () => {
  const pool = await open({ threads: 2, attempts: 1 });
  const gate = fresh('wanted');
  const wanted = outlives(gate, fresh('hung'));
  await reaches(`${gate}:started`, 1);
  // When the other thread has been replaced, the time of this one would be over, too.
  await hangUp(fresh('hung'), 'busy');
  expect(await increment(1)).toBe(2);
  expect(pool.stats()).toMatchObject({ cancelled: 2, threadsLost: 1 });
  lift(gate);
  expect(await wanted).toBe(1);
});
