/**
 * The wait-for graph, and the two questions asked of it before a call joins a flight.
 *
 * Nodes are computations. `a` waits for `b` while a call made from `a` waits for the flight that `b`
 * computes: a *call* edge. While a thread is blocked by a call, every computation in it waits for
 * that call's flight, whoever has made the call: a *thread* edge. A flight that is queued or probing
 * waits for nothing, and nobody who could start it waits for it.
 *
 * A circle of call edges is a recursion: it can only fail. A circle that needs a thread edge is an
 * accident of who computes where, and the caller gets out of it by computing the value a second time.
 *
 * Every wait asks first, and so does every thread before it blocks. A blocked thread starts only
 * what it is blocked by; any other lease it gives back (`thread/blocking.ts`), and a flight whose
 * lease comes back waits for nothing meanwhile. So the graph never has a circle that lasts, and one
 * search from the new edge's head is enough.
 */

import type { Flight, Lease, Waiter } from './flight.ts';

/**
 * The keys in a circle, from the caller's own and back to it, that a wait of `from` for `to` would
 * close by calls alone; `undefined` if there is none. Takes time in the number of waits reached.
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

/** Whether the waiter, if it waited for `to`, would wait for its own thread or computation. */
export function deadlocks({ peer, parent, mode }: Waiter, to: Flight): boolean {
  if (!peer) return false;
  const reached = new Set([to]);
  for (const { lease } of reached) {
    if (!lease || lease.comesBack) continue;
    if (mode === 'block' ? lease.peer === peer : lease === parent) return true;
    for (const call of [...lease.calls, ...lease.peer.blocking]) {
      if (call.flight) reached.add(call.flight);
    }
  }
  return false;
}

function pathTo(end: Flight, cameFrom: Map<Flight, Flight | undefined>): string[] {
  const keys = [];
  for (let at: Flight | undefined = end; at; at = cameFrom.get(at)) keys.push(at.fullKey);
  keys.push(end.fullKey);
  return keys.reverse();
}
