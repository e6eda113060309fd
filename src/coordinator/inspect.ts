/** What is under way in a pool: flights, threads, and what they wait for. */

import { waitsOf } from './deadlock.ts';
import type { Flight, Lease, Peer } from './flight.ts';
import type { Flights } from './flights.ts';
import type { FlightInspection, Inspection, ThreadInspection } from './inspection.ts';
import type { Leases } from './leases.ts';

/** Calls of a computation that are looked at, on average. */
const CALLS_OF_EACH = 20;

/** Takes time in proportion to the flights, and to the calls of the threads. */
export function inspect(
  flights: Flights,
  leases: Leases,
  peers: Iterable<Peer>,
  now: number,
): Inspection {
  const underway = new Set(flights.live());
  const found = [...leases.all()].map((lease) => {
    underway.delete(lease.flight);
    return inspectFlight(lease.flight, lease, now);
  });
  for (const flight of underway) found.push(inspectFlight(flight, undefined, now));
  return { flights: found, threads: [...peers].map(inspectThread) };
}

/** One of the flights that {@link underway} has found. */
export interface UnderwayFlight extends FlightInspection {
  /** Flights that its computation waits for: their places in the list. */
  readonly waitsFor: readonly number[];
}

/**
 * At most so many flights, those that threads have first, and what waits for what among them. Takes time in
 * proportion to `most`, however many there are: of computations with thousands of calls some arrows may lack.
 */
export function underway(
  flights: Flights,
  leases: Leases,
  now: number,
  most: number,
): UnderwayFlight[] {
  const found = new Map<Flight, Lease | undefined>();
  for (const lease of leases.all()) {
    if (found.size >= most) break;
    found.set(lease.flight, lease);
  }
  for (const flight of flights.live()) {
    if (found.size >= most) break;
    if (!found.has(flight)) found.set(flight, undefined);
  }
  const places = new Map([...found.keys()].map((flight, at) => [flight, at]));
  let steps = most * CALLS_OF_EACH;
  return Array.from(found, ([flight, lease]) => {
    const waitsFor = new Set<number>();
    for (const next of waitsOf(flight)) {
      if (steps-- <= 0) break;
      const place = places.get(next);
      if (place !== undefined) waitsFor.add(place);
    }
    return { ...inspectFlight(flight, lease, now), waitsFor: [...waitsFor] };
  });
}

function inspectFlight(flight: Flight, lease: Lease | undefined, now: number): FlightInspection {
  const { fn, fullKey: key, waiters, grant, since } = flight;
  const { at } = flight.state;
  return {
    functionId: fn.info.id,
    key,
    state: at === 'settled' ? 'stopping' : at,
    ageMs: now - since,
    threadId: lease?.peer.threadId,
    waiters: waiters.length,
    hasTierLease: grant !== undefined,
  };
}

export function threadStateOf({ leases, blocking, running }: Peer): ThreadInspection['state'] {
  if (blocking.size > 0) return 'blocked';
  if (leases.size === 0) return 'idle';
  return running ? 'busy' : 'awaiting';
}

function inspectThread(peer: Peer): ThreadInspection {
  const { threadId, leases, calls } = peer;
  const state = threadStateOf(peer);
  const keys = [...calls.values()].flatMap(({ flight }) => (flight ? [flight.fullKey] : []));
  return { threadId, state, computations: leases.size, calls: keys };
}
