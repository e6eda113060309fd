/**
 * The wait-for graph, and the two questions asked of it before a call joins a flight.
 *
 * Nodes are computations. `a` waits for `b` while a call made from `a` waits for the flight that `b`
 * computes: a *call* edge. While a thread is blocked by a call, every computation in it waits for
 * that call's flight, whichever computation has made the call: a *thread* edge. A flight that is queued or probing
 * waits for nothing, and no thread that could start it waits for it.
 *
 * A circle of call edges is a recursion: it can only fail. A circle that needs a thread edge is an
 * accident of who computes where, and the caller gets out of it by computing the value a second time.
 *
 * Every wait asks first, and so does every thread before it blocks. A blocked thread starts only
 * what it is blocked by; the coordinator's own thread never blocks; any other lease a blocked thread gives back (`thread/blocking.ts`), and a flight whose
 * lease comes back waits for nothing meanwhile. So the graph never has a circle that lasts, and one
 * search from the new edge's head is enough.
 *
 * A computation may have made tens of thousands of calls, and so may many that wait for it. So the
 * search goes from both ends in turn, and is over when it is at either: most calls wait for what waits
 * for nothing, or are made from what few wait for.
 */

import type { Flight, Lease, Peer, Waiter } from './flight.ts';

/**
 * The keys in a circle, from the caller's own and back to it, that a wait of `from` for `to` would
 * close by calls alone; `undefined` if there is none.
 */
export function cycleOf(from: Lease | undefined, to: Flight): string[] | undefined {
  const isCaller = ({ lease }: Flight) => lease === from;
  if (!from || !leads([to], isCaller, [from.flight], callsOf, callersOf)) return undefined;
  const cameFrom = new Map<Flight, Flight | undefined>([[to, undefined]]);
  for (const [flight] of cameFrom) {
    if (flight.lease === from) return pathTo(flight, cameFrom);
    for (const next of callsOf(flight)) {
      if (!cameFrom.has(next)) cameFrom.set(next, flight);
    }
  }
  return undefined;
}

/** Whether the waiter, if it waited for `to`, would wait for its own thread or computation. */
export function deadlocks({ peer, parent, mode }: Waiter, to: Flight): boolean {
  if (!peer && !parent) return false;
  const own = peer && mode === 'block' ? peer.leases : parent ? [parent] : [];
  const isOwn = ({ lease }: Flight) =>
    lease !== undefined &&
    !lease.comesBack &&
    (mode === 'block' ? lease.peer === peer : lease === parent);
  return leads([to], isOwn, waitingOf(own), waitsOf, waitersOf);
}

/**
 * A flight without a thread that one of the calls waits for which block this thread; `undefined` too
 * when the thread is not blocked. It may wait for a slot that is free and kept for one in the queue.
 */
export function neededBy({ blocking }: Peer): Flight | undefined {
  const reached = new Set<Flight>();
  for (const { flight } of blocking) if (flight) reached.add(flight);
  for (const flight of reached) {
    const { state } = flight;
    if (state.at === 'in line' || (state.at === 'queued' && state.link)) return flight;
    if (isForQueue(flight)) return flight;
    for (const next of waitsOrSlotsOf(flight)) reached.add(next);
  }
  return undefined;
}

/** It would go to the queue, and waits for a slot that is free. */
function isForQueue({ state, slots }: Flight): boolean {
  return state.at === 'limited' && slots?.isFree === true && state.link.lists === slots.rest;
}

/**
 * A flight that waits for a slot and, by that, for itself, among those that this one waits for. The two
 * ends of such an edge know of no call or thread between them, so it counts here and in priorities only.
 */
export function inCircle(start: Flight): Flight | undefined {
  const reached = new Set([start]);
  for (const flight of reached) {
    const isItself = (other: Flight) => other === flight;
    const holders = waitsOrSlotsOf(flight);
    const isLimited = flight.state.at === 'limited';
    if (isLimited && leads(holders, isItself, [flight], waitsOrSlotsOf, waitersOrLinesOf))
      return flight;
    for (const next of waitsOrSlotsOf(flight)) reached.add(next);
  }
  return undefined;
}

type Edges = (flight: Flight) => Iterable<Flight>;

/**
 * Whether one of the `ends`, which are those that `isEnd` says, is reached from the start. `back` has
 * the same edges as `on`. Either search is right by itself: the one ahead knows the ends, of which the
 * other may not have met all yet, and the one behind knows the start.
 */
function leads(
  start: Iterable<Flight>,
  isEnd: (flight: Flight) => boolean,
  ends: Iterable<Flight>,
  on: Edges,
  back: Edges,
): boolean {
  const ahead = new Set<Flight>();
  const behind = new Set<Flight>();
  const forward = spread(ahead, start, on);
  const backward = spread(behind, ends, back);
  for (;;) {
    const next = forward.next();
    if (next.done) return false;
    if (isEnd(next.value) || behind.has(next.value)) return true;
    const before = backward.next();
    if (before.done) return false;
    if (ahead.has(before.value)) return true;
  }
}

/** Adds all that is reached, and returns after each edge. */
function* spread(
  reached: Set<Flight>,
  from: Iterable<Flight>,
  edges: Edges,
): Generator<Flight, void, undefined> {
  for (const flight of from) {
    reached.add(flight);
    yield flight;
  }
  for (const flight of reached) {
    for (const next of edges(flight)) {
      reached.add(next);
      yield next;
    }
  }
}

function* callsOf({ lease }: Flight): Iterable<Flight> {
  for (const { flight } of lease?.calls ?? []) if (flight) yield flight;
}

function* callersOf({ waiters }: Flight): Iterable<Flight> {
  for (const { parent } of waiters)
    if (parent?.flight.lease === parent && parent) yield parent.flight;
}

/** What its computation waits for, thread edges included. */
export function* waitsOf({ lease }: Flight): Iterable<Flight> {
  if (!lease || lease.comesBack) return;
  for (const { flight } of lease.calls) if (flight) yield flight;
  yield* blocking(lease);
}

/** With those whose slots it waits for. */
export function* waitsOrSlotsOf(flight: Flight): Iterable<Flight> {
  yield* waitsOf(flight);
  if (flight.state.at !== 'limited' || !flight.slots) return;
  yield* waitingOf(flight.slots.users);
  for (const lease of flight.slots.users) if (isAbandoned(lease)) yield* blocking(lease);
}

/** Its flight is over; but it has its slot until its thread, which may be blocked, has ended it. */
function isAbandoned(lease: Lease): boolean {
  return lease.flight.lease !== lease;
}

function* blocking({ peer }: Lease): Iterable<Flight> {
  for (const { flight } of peer.blocking) if (flight) yield flight;
}

/** With those that wait for its slot. */
function* waitersOrLinesOf(flight: Flight): Iterable<Flight> {
  yield* waitersOf(flight);
  if (flight.lease) yield* lineFor(flight.lease);
  for (const waiter of flight.waiters) {
    if (!waiter.peer?.blocking.has(waiter)) continue;
    for (const lease of waiter.peer.leases) if (isAbandoned(lease)) yield* lineFor(lease);
  }
}

/** What waits for the slot that it uses. */
function* lineFor({ used, flight: { slots } }: Lease): Iterable<Flight> {
  if (!used || !slots) return;
  yield* slots.leads;
  yield* slots.rest;
}

function* waitersOf({ waiters }: Flight): Iterable<Flight> {
  for (const waiter of waiters) {
    const { parent, peer } = waiter;
    if (parent) yield* waitingOf([parent]);
    if (peer?.blocking.has(waiter)) yield* waitingOf(peer.leases);
  }
}

/** The flights of leases that wait for what their calls, or their threads, wait for. */
function* waitingOf(leases: Iterable<Lease>): Iterable<Flight> {
  for (const lease of leases) {
    if (lease.flight.lease === lease && !lease.comesBack) yield lease.flight;
  }
}

function pathTo(end: Flight, cameFrom: Map<Flight, Flight | undefined>): string[] {
  const keys = [];
  for (let at: Flight | undefined = end; at; at = cameFrom.get(at)) keys.push(at.fullKey);
  keys.push(end.fullKey);
  return keys.reverse();
}
