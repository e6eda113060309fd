/**
 * Which flight goes first: the rank of a flight is the highest of what waits for it, so that nothing
 * that is urgent waits for a place behind what is not.
 *
 * A flight rises when a call that ranks higher joins it, and with it, along the wait-for graph, all that
 * it waits for. It does not sink when that call leaves. It rises twice at the most, so that the steps of
 * all rises together are no more than twice the edges of the graph.
 */

import type { Rank } from '../order/ranked-lists.ts';
import type { Priority } from '../protocol.ts';
import { waitsOrSlotsOf } from './deadlock.ts';
import { type Flight, RANK_OF, type Waiter } from './flight.ts';

/**
 * Of a call: its own, or the higher one of the computation that makes it. A call that blocks its
 * thread keeps all computations there waiting.
 */
export function rankOf({ parent, peer, mode }: Waiter, priority: Priority | undefined): Rank {
  let rank = priority && RANK_OF[priority];
  const waiting = mode === 'block' && peer ? peer.leases : parent ? [parent] : [];
  for (const { flight } of waiting)
    if (rank === undefined || flight.rank < rank) rank = flight.rank;
  return rank ?? RANK_OF.normal;
}

export function raise(flight: Flight, rank: Rank): void {
  const risen = [flight];
  for (const each of risen) {
    if (each.rank <= rank) continue;
    const { link } = each;
    if (link) link.lists.raise(link, rank);
    else each.rank = rank;
    for (const next of waitsOrSlotsOf(each)) if (next.rank > rank) risen.push(next);
  }
}
