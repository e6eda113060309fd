/**
 * A pool that keeps nothing and shares nothing (`THREADMEMO_OFF=1`): every call gets a key of its own, so
 * that all else, from limits to the death of a thread, is as it is with the cache.
 *
 * Invariant: no two calls have one flight. A call that comes from a computation of its own key would
 * call itself without end, and fails as it does with the cache.
 */

import { keyOf } from '../call/registry.ts';
import { CycleError } from '../errors.ts';
import { type Answer, type Flight, failure, type Lease, type Want } from './flight.ts';

/** In no key before it. */
const MARK = '\0call ';

export class Unshared {
  #calls = 0;

  /** The call with a key of its own; or its answer. */
  apart({ fn, key, waiter, args, priority }: Want): Want | Answer {
    const cycle = cycleTo(
      waiter.parent,
      ({ flight }) => flight.fn === fn && ownKey(flight) === key,
    );
    if (cycle) {
      const message = `these computations wait for each other: ${cycle.join(' → ')}`;
      const { id } = fn.info;
      return failure(new CycleError(message, { functionId: id, key: keyOf(id, key), cycle }));
    }
    return { fn, key: `${key}${MARK}${++this.#calls}`, waiter, refresh: false, args, priority };
  }
}

/** The full keys from the computation that is looked for to the caller, and to itself again. */
function cycleTo(from: Lease | undefined, isIt: (lease: Lease) => boolean): string[] | undefined {
  const path: string[] = [];
  for (let lease = from; lease; lease = lease.flight.waiters[0]?.parent) {
    const key = keyOf(lease.flight.fn.info.id, ownKey(lease.flight));
    path.unshift(key);
    if (isIt(lease)) return [...path, key];
  }
  return undefined;
}

function ownKey({ key }: Flight): string {
  return key.slice(0, key.lastIndexOf(MARK));
}
