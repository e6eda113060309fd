/**
 * The wait-for graph, and the question asked of it before a call joins a flight: would it wait for
 * itself?
 *
 * Nodes are computations; `a` waits for `b` while a call made from `a` waits for the flight that
 * `b` computes. Every call that starts to wait asks first, so the graph never has a cycle, and one
 * search from the new edge's head is enough. A flight that is queued or probing waits for nothing.
 */

import type { Flight, Lease } from './flight.ts';

/**
 * The keys in a circle, from the caller's own and back to it, that a wait of `from` for `to` would
 * close; `undefined` when it is safe. Takes time in the number of waits that can be reached.
 */
export function cycleOf(from: Lease | undefined, to: Flight): string[] | undefined {
  if (!from) return undefined;
  const cameFrom = new Map<Flight, Flight | undefined>([[to, undefined]]);
  for (const [flight] of cameFrom) {
    const { lease } = flight;
    if (lease === from) return pathTo(flight, cameFrom);
    for (const { flight: next } of lease?.calls ?? []) {
      if (next && !cameFrom.has(next)) cameFrom.set(next, flight);
    }
  }
  return undefined;
}

function pathTo(end: Flight, cameFrom: Map<Flight, Flight | undefined>): string[] {
  const keys = [];
  for (let at: Flight | undefined = end; at; at = cameFrom.get(at)) keys.push(at.key);
  keys.push(end.key);
  return keys.reverse();
}
