/**
 * How a flight comes to be computed: the tiers are asked for its value, then for the right to compute
 * it; then a waiter that may computes it, or it waits in the backlog for a thread.
 */

import type { Clock } from '../clock.ts';
import { failure, queueFull } from './failures.ts';
import { type Flight, type Lease, type Peer, QUEUED, type Waiter } from './flight.ts';
import type { Backlog, Flights } from './flights.ts';
import type { Found } from './found.ts';
import type { Kept } from './kept.ts';
import type { Leases } from './leases.ts';
import type { TierChain } from './tier-chain.ts';
import { TierLeases } from './tier-leases.ts';

export interface StartingParts {
  readonly clock: Clock;
  readonly tiers: TierChain;
  readonly backlog: Backlog;
  readonly leases: Leases;
  readonly flights: Flights;
  readonly kept: Kept;
  readonly threads: number;
}

export class Starting {
  readonly tierLeases: TierLeases;
  readonly #parts: StartingParts;

  constructor(parts: StartingParts) {
    this.#parts = parts;
    this.tierLeases = new TierLeases(parts.tiers, parts.clock, parts.threads, {
      start: (flight) => this.#mayStart(flight),
      found: (flight, found) => {
        if (!this.#found(flight, found)) this.#mayStart(flight);
      },
      unqueue: (flight) => this.#unqueue(flight),
      openings: () => parts.backlog.openings(),
    });
  }

  /** A new flight, whose value memory does not have; one that refreshes wants to be computed. */
  fromTheTiers(flight: Flight): void {
    const { tiers } = this.#parts;
    if (tiers.empty) return this.#mayStart(flight);
    flight.enter({ at: 'probing', discard: false });
    if (flight.refreshes) return this.#ask(flight);
    const { fn, fullKey } = flight;
    const found = tiers.getNow(fn.info.id, fullKey);
    if (found !== 'later') return this.#probed(flight, found);
    void tiers.get(fn.info.id, fullKey).then((answer) => this.#probed(flight, answer));
  }

  /**
   * A flight that had a thread before. If it was fenced there, the lease that it had of a tier has
   * ended.
   */
  again(flight: Flight): void {
    flight.again = true;
    if (flight.turn || flight.isApart || !this.#parts.tiers.leases) return this.#start(flight);
    flight.enter({ at: 'probing', discard: false });
    this.tierLeases.ask(flight, leaderOf(flight) !== undefined);
  }

  /** The lease for its task in this thread: its turn in the backlog has come. */
  task(flight: Flight, peer: Peer): Lease {
    this.tierLeases.begun(flight);
    return this.#parts.leases.grant(flight, peer);
  }

  leadBy(leader: Waiter, flight: Flight): void {
    const { peer, mode } = leader;
    if (!peer) return;
    this.tierLeases.begun(flight);
    const lease = this.#parts.leases.grant(flight, peer, leader);
    lease.nth = ++peer.leads;
    lease.comesBack = mode !== 'block' && peer.blocking.size > 0;
    leader.lead(lease.id);
  }

  #probed(flight: Flight, found: Found | undefined): void {
    const { phase } = flight;
    if (phase.at !== 'probing') return;
    if (!found || phase.discard || !this.#found(flight, found)) this.#ask(flight);
  }

  /** Answers with a tier's value; false if it has expired. */
  #found(flight: Flight, found: Found): boolean {
    const { leases, flights, kept } = this.#parts;
    const entry = leases.newId();
    if (!kept.found(flight, found, entry)) return false;
    flights.answer(flight, { state: 'value', entry, value: found.value });
    return true;
  }

  #ask(flight: Flight): void {
    const isUrgent = leaderOf(flight) !== undefined;
    if (isUrgent || this.#parts.backlog.hasRoomBeside(this.tierLeases.size))
      return this.tierLeases.ask(flight, isUrgent);
    this.#parts.flights.answer(flight, failure(queueFull(flight)));
  }

  #mayStart(flight: Flight): void {
    flight.fn.counters.misses++;
    this.#start(flight);
  }

  /** A waiter that may computes at once; without one the flight goes to the pool. */
  #start(flight: Flight): void {
    const leader = leaderOf(flight);
    if (leader) return this.leadBy(leader, flight);
    flight.enter(QUEUED);
    this.tierLeases.queued(flight);
    if (this.#parts.backlog.enqueue(flight, flight.again)) return;
    this.#parts.flights.answer(flight, failure(queueFull(flight)));
  }

  #unqueue(flight: Flight): void {
    this.#parts.backlog.withdraw(flight);
    flight.enter({ at: 'probing', discard: false });
  }
}

/**
 * Who computes a flight that is to start; nobody, if the pool should. A thread that is blocked by
 * another call would keep everybody waiting; if nobody else has the arguments, it hands them over.
 */
function leaderOf({ waiters, args }: Flight): Waiter | undefined {
  const able = waiters.filter(({ mode }) => mode !== 'wait');
  const free = able.find(({ mode, peer }) => peer?.blocking.size === (mode === 'block' ? 1 : 0));
  return free ?? (args ? undefined : able[0]);
}
