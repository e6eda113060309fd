/**
 * The queue: flights that wait for a free thread, first come, first served among those of one
 * priority; and which thread gets what.
 *
 * A flight can leave it at any time: taken over by a thread that wants it, or removed when its last
 * waiter has left. One whose thread has died comes first among those of its priority.
 *
 * A thread is given one flight at a time, or as many tiny ones as fill {@link BATCH_MS} by what
 * their functions took lately. That may be wrong. So a task that its thread has not started can be
 * taken back: by a thread that wants its value (see `waiters.ts`), or here, when it was still
 * not started at the second look.
 *
 * A thread all of whose computations wait for others, or await something else, is free for more. It
 * tells what awaits after a turn of its event loop, and only then is given more: so what has become
 * ready in it meanwhile goes on before the next tasks start.
 */

import type { Clock } from '../clock.ts';
import { RankedLists } from '../order/ranked-lists.ts';
import { queueMicrotask } from '../runtime/globals.ts';
import { Beside } from './beside.ts';
import { neededBy } from './deadlock.ts';
import type { Flight, Lease, Peer } from './flight.ts';
import { LateTasks } from './late-tasks.ts';

/** Work that a thread is given at once: a few times what it costs to wake it. */
const BATCH_MS = 0.2;

/**
 * Computations of one thread. Those that wait for others do not count: what they wait for may be in
 * the queue.
 */
const MOST_OPEN = 2000;

/** Where threads come from. */
export interface ThreadSupply {
  /** Flights wait, and so many more threads could be used. */
  want(count: number): void;
  /** Threads that are not on shift, and can be soon. */
  spare(): number;
  /** The thread, which does nothing, is replaced rather than given this: see `broken-modules.ts`. */
  replaces(peer: Peer, flight: Flight): boolean;
}

/** Where a flight goes on whose turn has come. */
export interface Starts {
  /** Makes the lease for a task in this thread. */
  beginTask(flight: Flight, peer: Peer): Lease;
  /** False when its function may not have one more computation now: it has left the queue then. */
  admits(flight: Flight): boolean;
  /** Flights that may come when there is room. */
  readonly inLine: number;
  /** Flights that wait for something else than a thread: see `slots.ts`. */
  readonly limited: number;
  /** There is room. */
  hungry(): void;
  /** Of one that is in line: now. */
  hurry(flight: Flight): void;
  /** It is computed on the coordinator's own thread. */
  beginHere(flight: Flight): void;
  /** Of one that waits for a slot, of which one is free: it goes on before those in the queue. */
  overtake(flight: Flight): void;
}

/** And one whose thread does not get it, or does not start it. */
export interface Reclaims {
  /** Ends the lease of a task that was not started, and queues its flight again; false if it was. */
  reclaim(lease: Lease): boolean;
  /** Tasks that were to travel together could not be sent to their thread. */
  notSent(leases: readonly Lease[], error: unknown): void;
}

export class Queue {
  readonly #waiting = new RankedLists<Flight>();
  /** Their threads were late to start them, or have died: they are handed out alone. */
  readonly #alone = new WeakSet<Flight>();
  readonly #maxQueue: number;
  readonly #supply: ThreadSupply;
  #starts!: Starts;
  #reclaims!: Reclaims;
  /** Threads on shift. */
  readonly #peers = new Set<Peer>();
  readonly #beside: Beside;
  #feedAhead = false;
  readonly #late: LateTasks;

  /** @param maxQueue flights that may wait, beside those that free threads will take */
  constructor(maxQueue: number, clock: Clock, supply: ThreadSupply) {
    this.#maxQueue = maxQueue;
    this.#supply = supply;
    this.#late = new LateTasks(clock, (lease) => this.#takeBack(lease));
    this.#beside = new Beside(clock, this.#feedSoon);
  }

  /** Flights that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** To be called before any flight is added. */
  listen(starts: Starts, reclaims: Reclaims): void {
    this.#starts = starts;
    this.#reclaims = reclaims;
  }

  /**
   * False when it is full; a flight that starts `again` goes first, and always has room; so has one that
   * has waited elsewhere.
   */
  add(flight: Flight, again: boolean, hasWaited = false): boolean {
    if (again) this.#alone.add(flight);
    flight.place = again ? this.#waiting.pushFront(flight) : this.#waiting.pushBack(flight);
    // Tiers answer for many at a time, in a microtask each: their tasks travel together.
    if (flight.grant) this.#feedSoon();
    else this.#feedOrWait();
    if (again || hasWaited || !flight.place) return true;
    if (this.size + this.#starts.limited <= this.#maxQueue + this.#freeThreads()) return true;
    this.remove(flight);
    return false;
  }

  /** Whether there is room for one more flight, beside so many that will come. */
  hasRoomBeside(others: number): boolean {
    return this.size + others + this.#starts.limited < this.#maxQueue + this.#freeThreads();
  }

  /** The same for one that no free thread will take, because it waits for a slot of its function. */
  hasRoomToWait(others: number): boolean {
    const queued = Math.max(0, this.size + others - this.#freeThreads());
    return queued + this.#starts.limited < this.#maxQueue;
  }

  /** How many more could be begun at once; negative when too many wait. */
  openings(): number {
    return this.#freeThreads() - this.size;
  }

  /** A flight that is not in the queue stays as it is. */
  remove(flight: Flight): void {
    const { place } = flight;
    if (!place) return;
    this.#waiting.remove(place);
    flight.place = undefined;
  }

  #take(flight: Flight): void {
    if (flight.place) this.#waiting.take(flight.place);
    flight.place = undefined;
  }

  /** Takes out everything that waits. */
  removeAll(): Flight[] {
    const flights = [];
    for (let next = this.#waiting.front; next; next = this.#waiting.front) {
      this.remove(next);
      flights.push(next);
    }
    return flights;
  }

  /** A thread's shift has begun. */
  join(peer: Peer): void {
    this.#peers.add(peer);
    peer.takesWork(this.#feedSoon);
    this.#feed();
  }

  /** Its shift is about to end, or it has died. */
  leave(peer: Peer): void {
    this.#peers.delete(peer);
    this.#feedSoon();
  }

  /** Idle threads first, and then those with the fewest computations: each may go on at any time. */
  #feed(): void {
    if (this.size > 0) {
      const peers = [...this.#peers].sort((one, other) => one.leases.size - other.leases.size);
      for (const peer of peers) this.#give(peer);
    }
    if (this.size > 0) this.#supply.want(this.size);
    else this.#starts.hungry();
    this.#helpOut();
  }

  /**
   * Every thread may be blocked by a function that the coordinator's own thread computes, and that waits
   * for one in the queue: that is computed here then, because no thread will ever be free for it. Nor for
   * one in the queue that a slot is kept for: so the slot is for the flight that is waited for.
   */
  #helpOut(): void {
    if (this.#supply.spare() > 0) return;
    // First what costs nothing: the search takes time in what a blocked thread waits for.
    for (const { replaced, blocking } of this.#peers) if (replaced || blocking.size === 0) return;
    let first: Flight | undefined;
    for (const peer of this.#peers) {
      const needed = neededBy(peer);
      if (!needed) return;
      first ??= needed;
    }
    if (first?.state.at === 'in line') return this.#starts.hurry(first);
    if (first?.state.at === 'limited') return this.#starts.overtake(first);
    if (!first) return;
    this.remove(first);
    this.#starts.beginHere(first);
  }

  /** An idle thread is woken at once; what comes later in the same turn travels together. */
  #feedOrWait(): void {
    if (this.#feedAhead) return;
    for (const peer of this.#peers) {
      if (isIdle(peer) && this.#give(peer)) return;
    }
    this.#supply.want(this.size);
    this.#feedSoon();
  }

  /** Something may have begun to wait. */
  lookAgain(): void {
    this.#feedSoon();
  }

  readonly #feedSoon = (): void => {
    if (this.#feedAhead || this.size + this.#starts.inLine === 0) return;
    this.#feedAhead = true;
    queueMicrotask(() => {
      this.#feedAhead = false;
      this.#feed();
    });
  };

  /** A thread that is busy long enough is given more later, and more at once. */
  #give(peer: Peer): boolean {
    if (peer.blocking.size > 0 || peer.replaced) return false;
    if (peer.active > 0 && peer.expectedMs > BATCH_MS / 4) return false;
    if (this.#replaces(peer)) return false;
    const given: Lease[] = [];
    for (let flight = this.#nextFor(peer); flight; flight = this.#nextFor(peer)) {
      if (!this.#starts.admits(flight)) continue;
      const expectedMs = this.#expectedMs(flight);
      const behind = peer.leases.size > 0;
      this.#take(flight);
      const lease = this.#starts.beginTask(flight, peer);
      peer.expects(lease, expectedMs);
      peer.prepare(lease);
      given.push(lease);
      if (behind) this.#late.watch(lease);
    }
    if (given.length === 0) return false;
    try {
      peer.handOver();
    } catch (error) {
      this.#reclaims.notSent(given, error);
    }
    return true;
  }

  /** What waits is given to another thread, or to the next one in this one's place. */
  #replaces(peer: Peer): boolean {
    const next = this.#waiting.front;
    if (!next || peer.leases.size + peer.calls.size > 0) return false;
    if (!this.#supply.replaces(peer, next)) return false;
    peer.replace();
    return true;
  }

  /** Each takes one flight now, or as soon as it is awake: that flight does not wait in the queue. */
  #freeThreads(): number {
    let free = this.#supply.spare();
    for (const peer of this.#peers) if (peer.replaced || isFree(peer)) free++;
    return free;
  }

  #nextFor(peer: Peer): Flight | undefined {
    const next = this.#waiting.front;
    if (!next || !peer.hasRoom || isFull(peer)) return undefined;
    if (peer.active > 0)
      return peer.expectedMs + this.#expectedMs(next) <= BATCH_MS ? next : undefined;
    if (peer.leases.size === 0) return next;
    return this.#beside.choose(peer, next, () => this.#isAnotherComing(peer));
  }

  /** A thread that is none now, or has something to do, will have nothing to do, or only wait. */
  #isAnotherComing(than: Peer): boolean {
    if (this.#supply.spare() > 0) return true;
    for (const peer of this.#peers)
      if (peer !== than && (peer.active > 0 || peer.replaced)) return true;
    return false;
  }

  /** Its thread is busy for longer than was expected. */
  #takeBack(lease: Lease): void {
    const { peer, flight } = lease;
    const wasAlone = this.#alone.has(flight);
    if (!this.#reclaims.reclaim(lease)) return;
    // It will not be what the next ones wait for.
    if (!wasAlone && flight.fn.awaits) this.#alone.delete(flight);
    for (const each of peer.leases) if (each.isActive) peer.expects(each, BATCH_MS);
  }

  #expectedMs(flight: Flight): number {
    return this.#alone.has(flight) ? BATCH_MS : Math.min(BATCH_MS, flight.fn.typicalMs);
  }
}

function isIdle({ leases, blocking }: Peer): boolean {
  return leases.size === 0 && blocking.size === 0;
}

/** All that it computes waits for other computations, or awaits something else. */
function isFree(peer: Peer): boolean {
  return peer.active === 0 && peer.blocking.size === 0 && !isFull(peer);
}

function isFull({ active, awaiting }: Peer): boolean {
  return active + awaiting >= MOST_OPEN;
}
