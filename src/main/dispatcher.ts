/**
 * The backlog: flights that wait for a free thread, first come, first served; and which thread gets
 * what.
 *
 * A flight can leave it at any time: taken over by a thread that wants it, dropped when nobody wants
 * it any more, or put first when its thread has died.
 *
 * A thread is given one flight at a time, or as many tiny ones as fill {@link BATCH_MS} by what
 * their functions took lately. That may be wrong. So a task that its thread has not started can be
 * taken back: by a thread that wants its value (see `waiting.ts`), or here, when it was still
 * not started at the second look. A thread whose task waits for another computation is free for more.
 */

import type { Clock } from '../clock.ts';
import { LinkedList } from '../linked-list.ts';
import type { Flight, Lease, Peer } from './flight.ts';
import type { Backlog } from './flights.ts';

/** Work that a thread is given at once: a few times what it costs to wake it. */
const BATCH_MS = 0.2;
const LOOK_AFTER_MS = 2;

export interface Work {
  /** Makes the lease for a task in this thread. */
  begin(flight: Flight, peer: Peer): Lease;
  /** Ends the lease of a task that was not started, and queues its flight again; false if it was. */
  reclaim(lease: Lease): boolean;
  /** Flights wait, and so many more threads could be used. */
  threadsWanted(count: number): void;
  /** Threads that are not on shift, and could be. */
  spareThreads(): number;
  /** Flights that may come when there is room. */
  inLine(): number;
  /** There is room. */
  hungry(): void;
}

export class Dispatcher implements Backlog {
  readonly #waiting = new LinkedList<Flight>();
  /** Their threads were late to start them, or have died: they are handed out alone. */
  readonly #alone = new WeakSet<Flight>();
  readonly #maxQueue: number;
  readonly #clock: Clock;
  readonly #work: Work;
  /** Threads on shift. */
  readonly #peers = new Set<Peer>();
  #feedAhead = false;
  #lookAhead = false;
  /** Tasks that were handed over between the last two looks, and those before them. */
  #young: Lease[] = [];
  #old: Lease[] = [];

  constructor(maxQueue: number, clock: Clock, work: Work) {
    this.#maxQueue = maxQueue;
    this.#clock = clock;
    this.#work = work;
  }

  /** Flights that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  enqueue(flight: Flight, again: boolean): boolean {
    if (again) this.#alone.add(flight);
    flight.queued = again ? this.#waiting.pushFront(flight) : this.#waiting.pushBack(flight);
    this.#feedOrWait();
    if (again || !flight.queued || this.size <= this.#maxQueue + this.#idleThreads()) return true;
    this.withdraw(flight);
    return false;
  }

  hasRoomBeside(others: number): boolean {
    return this.size + others < this.#maxQueue + this.#idleThreads();
  }

  openings(): number {
    const free = [...this.#peers].filter(
      ({ active, blocking }) => active === 0 && blocking.size === 0,
    );
    return this.#work.spareThreads() + free.length - this.size;
  }

  withdraw(flight: Flight): void {
    if (!flight.queued) return;
    this.#waiting.remove(flight.queued);
    flight.queued = undefined;
  }

  /** Takes out everything that waits. */
  withdrawAll(): Flight[] {
    const flights = [];
    for (let next = this.#waiting.front; next; next = this.#waiting.front) {
      this.withdraw(next);
      flights.push(next);
    }
    return flights;
  }

  /** A thread's shift has begun. */
  join(peer: Peer): void {
    this.#peers.add(peer);
    peer.canTakeMore = this.#feedSoon;
    this.#feed();
  }

  /** Its shift is about to end, or it has died. */
  leave(peer: Peer): void {
    this.#peers.delete(peer);
  }

  /** Whoever has nothing at all is sooner done than whoever only waits, or seems to. */
  #feed(): void {
    for (const isFirst of [true, false]) {
      for (const peer of this.#peers) {
        if (this.size === 0) break;
        if ((peer.leases.size === 0) === isFirst) this.#give(peer);
      }
    }
    if (this.size > 0) this.#work.threadsWanted(this.size);
    else this.#work.hungry();
  }

  /** An idle thread is woken at once; what comes later in the same turn travels together. */
  #feedOrWait(): void {
    if (this.#feedAhead) return;
    for (const peer of this.#peers) {
      if (isIdle(peer)) return this.#give(peer);
    }
    this.#work.threadsWanted(this.size);
    this.#feedSoon();
  }

  readonly #feedSoon = (): void => {
    if (this.#feedAhead || this.size + this.#work.inLine() === 0) return;
    this.#feedAhead = true;
    queueMicrotask(() => {
      this.#feedAhead = false;
      this.#feed();
    });
  };

  /** A thread that is busy long enough is given more later, and more at once. */
  #give(peer: Peer): void {
    if (peer.blocking.size > 0) return;
    if (peer.active > 0 && peer.expectedMs > BATCH_MS / 4) return;
    const before = peer.leases.size;
    for (let flight = this.#nextFor(peer); flight; flight = this.#nextFor(peer)) {
      const expectedMs = this.#expectedMs(flight);
      const behind = peer.leases.size > 0;
      this.withdraw(flight);
      const lease = this.#work.begin(flight, peer);
      lease.expects(expectedMs);
      peer.prepare(lease);
      if (behind) this.#watch(lease);
    }
    if (peer.leases.size > before) peer.handOver();
  }

  /** Their turn is now; what waits for them does not wait in the queue. */
  #idleThreads(): number {
    return this.#work.spareThreads() + [...this.#peers].filter(isIdle).length;
  }

  #nextFor(peer: Peer): Flight | undefined {
    const next = this.#waiting.front;
    if (!next || !peer.hasRoom) return undefined;
    const fits = peer.active === 0 || peer.expectedMs + this.#expectedMs(next) <= BATCH_MS;
    return fits ? next : undefined;
  }

  #expectedMs(flight: Flight): number {
    return this.#alone.has(flight) ? BATCH_MS : Math.min(BATCH_MS, flight.fn.typicalMs);
  }

  #watch(lease: Lease): void {
    this.#young.push(lease);
    this.#lookLater();
  }

  /** Takes back what was there at the last look, and still has not started. */
  #look(): void {
    const old = this.#old;
    this.#old = this.#young;
    this.#young = [];
    this.#lookAhead = false;
    // The last first, because each goes to the front.
    for (const lease of old.reverse()) {
      if (lease.flight.lease === lease && this.#work.reclaim(lease)) isLate(lease.peer);
    }
    if (this.#old.length > 0) this.#lookLater();
  }

  #lookLater(): void {
    if (this.#lookAhead) return;
    this.#lookAhead = true;
    this.#clock.after(LOOK_AFTER_MS, () => this.#look());
  }
}

function isIdle({ leases, blocking }: Peer): boolean {
  return leases.size === 0 && blocking.size === 0;
}

/** Whatever it is busy with takes longer than was expected. */
function isLate({ leases }: Peer): void {
  for (const lease of leases) lease.expects(BATCH_MS);
}
