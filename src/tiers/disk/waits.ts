/**
 * The leases of other processes that calls here wait for.
 *
 * A look is a read of memory, of about a microsecond, and writes nothing. Other processes could
 * tell, by a socket each, but then they would have to find each other, and to be awake.
 */

import type { Clock } from '../../clock.ts';
import { type Looks, Waits } from '../waits.ts';

/** A few hundredths of the time at most. */
const LOOKS: Looks = { shortest: 2, longest: 50, step: 250, perMillisecond: 25 };

/** Waits of a function each that says whether the lease is over. */
export type DiskWaits = Waits<() => boolean>;

export function diskWaits(clock: Clock): DiskWaits {
  return new Waits(clock, LOOKS, (waits, end) => {
    for (const wait of waits) if (wait.of()) end(wait);
  });
}
