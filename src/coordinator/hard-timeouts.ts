/**
 * Computations that take longer than their function's `hardTimeout`, counted from the start of the function,
 * which its thread reports. Their waiters get a `TimeoutError`; what is computed is told to stop like what
 * its last waiter has left, and costs its thread when it goes on (`stopping.ts`). Whatever it returns is
 * dropped.
 *
 * What cannot be stopped has ended as far as others are concerned: its slot is given back, and it is counted
 * as an overrun. So is what goes on in a thread that is kept for what else is wanted there.
 *
 * A computation in a thread that is replaced starts again. If it has called there what cost the thread, that
 * call fails with the same error in the next thread; otherwise it would cost one thread after another.
 *
 * Invariant: only a lease that its flight still has is timed out. An outcome that has reached this thread by
 * then comes first, however late this thread is.
 */

import { keyOf } from '../call/registry.ts';
import type { Clock, Timer } from '../clock.ts';
import { TimeoutError } from '../errors.ts';
import { type Answer, type Flight, failure, type Lease, type Peer } from './flight.ts';
import type { Flights } from './flights.ts';
import type { FunctionRecord } from './function-record.ts';
import type { Leases } from './leases.ts';
import type { Waiters } from './waiters.ts';

export interface HardTimeoutsParts {
  readonly clock: Clock;
  readonly leases: Leases;
  readonly flights: Flights;
  readonly waiters: Waiters;
  /** The coordinator's own thread. */
  readonly own: Peer;
}

export class HardTimeouts {
  readonly #parts: HardTimeoutsParts;
  /** There was one: before that, a dead thread's computations need not be looked through. */
  #hasBeenOver = false;

  constructor(parts: HardTimeoutsParts) {
    this.#parts = parts;
  }

  /** The function has been called. */
  began(lease: Lease): void {
    const { hardTimeout } = lease.flight.fn.info;
    if (hardTimeout === undefined || lease.cancelled !== 'no') return;
    const { clock, own } = this.#parts;
    // In a turn of its own: outcomes that wait in a port come before that.
    const timer = clock.after(hardTimeout, () => clock.soon(() => this.#isOver(lease)));
    // Nothing else would keep the process alive for callers of what never settles here.
    const isAwaitedHere = lease.peer === own && lease.flight.waiters.length > 0;
    lease.limit = both(timer, isAwaitedHere ? clock.stayAlive() : undefined);
  }

  /** The thread has died: what was timed out there is remembered for those that have called it there. */
  died({ leases }: Peer): void {
    if (!this.#hasBeenOver) return;
    for (const { timedOut, flight } of leases) {
      if (!timedOut) continue;
      for (const caller of timedOut.callers) {
        for (const each of withCallers(caller))
          remember(each.flight, flight.fullKey, timedOut.answer);
      }
    }
  }

  /** Of a call from a computation, whose key has cost an earlier thread of that, or of its callers. */
  answerTo(parent: Lease, { info: { id } }: FunctionRecord, key: string): Answer | undefined {
    const fullKey = keyOf(id, key);
    for (const { flight } of withCallers(parent)) {
      const answer = flight.costly?.get(fullKey);
      if (answer) return answer;
    }
    return undefined;
  }

  #isOver(lease: Lease): void {
    const { leases, flights, waiters } = this.#parts;
    const { flight, peer } = lease;
    lease.endLimit();
    if (flight.lease !== lease || lease.cancelled !== 'no') return;
    const { counters } = flight.fn;
    counters.hardTimeouts++;
    flight.fn.hasTimedOut = true;
    const answer = failure(timeoutError(flight));
    const here = flight.waiters.filter((waiter) => waiter.peer === peer);
    const callers = here.flatMap(({ parent }) => parent ?? []);
    lease.timedOut = { answer, callers };
    this.#hasBeenOver = true;
    if (flight.fn.info.thread !== undefined || !peer.isEndable) leases.overruns(lease);
    // In this order: what its callers are told is not what the function makes of its signal.
    flights.fail(flight, answer);
    waiters.stop(lease, answer.error);
  }
}

/** A computation, the one that has called it in its thread, and so on. */
function* withCallers(lease: Lease): Generator<Lease> {
  for (let each: Lease | undefined = lease; each; each = each.leader?.parent) yield each;
}

function remember(flight: Flight, key: string, answer: Answer): void {
  flight.costly ??= new Map();
  flight.costly.set(key, answer);
}

function both(timer: Timer, awake: Timer | undefined): Timer {
  if (!awake) return timer;
  return {
    cancel() {
      timer.cancel();
      awake.cancel();
    },
  };
}

function timeoutError({ fn: { info }, fullKey: key }: Flight): TimeoutError {
  const message = `a computation of ${info.id} took longer than its hardTimeout of ${info.hardTimeout} ms`;
  return new TimeoutError(message, { functionId: info.id, key });
}
