/** A thread sees a torn, stale or foreign value, or a dead one keeps memory from being used again. */

import { expect, test } from 'vitest';
import { inFull, variants } from '../effort.ts';
import { Fire } from './fire.ts';

// As long as it takes: how much threads read while this one changes things is the machine's affair.
const LIMIT = 600_000;

test.each(variants([4, 2], 1))(
  '%d threads read while everything changes',
  { timeout: LIMIT },
  async (threads) => {
    const fire = new Fire({ maxSize: 2 ** 18, threads, seed: threads });
    const enough = inFull ? 40_000 : 10_000;
    for (
      let round = 0;
      round < 200 || fire.tally.hits < enough || fire.tally.nearHits <= 1000;
      round++
    ) {
      await fire.round(500);
      if (round % 20 === 19) fire.replace();
    }
    await fire.end();
    const { tally } = fire;
    if (process.env['TALLY']) console.log(tally);
    expect(tally.published).toBeGreaterThan(15_000);
    // How many depends on how long readers keep what is dead.
    expect(tally.evicted).toBeGreaterThan(20);
    expect(tally.cleared).toBeGreaterThan(20);
    expect(tally.terminated).toBeGreaterThanOrEqual(10);
    expect(tally.nearHits).toBeGreaterThan(1000);
    const hits = [0, 1, 2, 3].reduce((sum, fn) => sum + fire.writer.threads.hits(fn).shared, 0);
    // A thread counts in one place after the other, and may be terminated in between.
    expect(hits).toBeLessThanOrEqual(tally.hits);
    expect(hits).toBeGreaterThanOrEqual(tally.hits - tally.terminated);
    expect(fire.writer.usage()).toMatchObject({ entries: 0, keys: 0, values: 0 });
  },
);
