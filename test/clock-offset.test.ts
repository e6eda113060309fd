/** A thread that was suspended while it read its clocks takes what is stale for fresh, for so long. */

import { expect, test } from 'vitest';
import { clockOffsetHere } from '../src/read/reads.ts';

const OFFSET = -5_000;

/** Both clocks of a thread, each reading of which takes so many milliseconds, the next one in turn. */
function clocks(readings: readonly number[]) {
  let at = 1_000_000;
  let nth = 0;
  const read = () => {
    at += readings[nth++ % readings.length] ?? 0;
    return at;
  };
  const time = (): [number, number] => {
    const ms = read();
    return [Math.floor(ms / 1_000), (ms % 1_000) * 1e6];
  };
  return clockOffsetHere(() => read() + OFFSET, time);
}

test.each([
  ['before the first clock', [40, 0.0001, 0.0001, 0.0001, 0.0001, 0.0001]],
  ['between the clocks', [0.0001, 40, 0.0001, 0.0001, 0.0001, 0.0001]],
  ['after the second one', [0.0001, 0.0001, 40, 0.0001, 0.0001, 0.0001]],
])('suspended %s, it has its offset from another reading', (_, readings) => {
  expect(Math.abs(clocks(readings) - OFFSET)).toBeLessThan(0.001);
});
