/** A queue that gives its flights to two pretended threads. */

import { Lease } from '../../src/coordinator/flight.ts';
import { FunctionRecord } from '../../src/coordinator/function-record.ts';
import { Queue, type Reclaims } from '../../src/coordinator/queue.ts';
import type { FakeClock } from '../fake-clock.ts';
import { PretendedPeer } from '../pretended-peer.ts';

export interface QueueOfTwo {
  readonly queue: Queue;
  readonly peers: [PretendedPeer, PretendedPeer];
}

/** @param spare threads that could be started */
export function queueOfTwo(
  clock: FakeClock,
  spare: () => number = () => 0,
  reclaim: Reclaims['reclaim'] = () => false,
): QueueOfTwo {
  let id = 0;
  const queue = new Queue(Number.POSITIVE_INFINITY, clock, {
    want: () => {},
    spare,
    replaces: () => false,
  });
  queue.listen(
    {
      beginTask(flight, peer) {
        const lease = new Lease(++id, flight, peer, undefined);
        flight.beginLease(lease);
        return lease;
      },
      admits: () => true,
      inLine: 0,
      limited: 0,
      hungry: () => {},
      hurry: () => {},
      beginHere: () => {},
      overtake: () => {},
    },
    { reclaim, notSent: () => {} },
  );
  const peers: QueueOfTwo['peers'] = [new PretendedPeer(), new PretendedPeer()];
  for (const peer of peers) queue.join(peer);
  return { queue, peers };
}

/** @param stretchMs of its computations so far; unknown when there were none */
export function functionThat(name: string, stretchMs?: number): FunctionRecord {
  const info = { id: name, module: name, max: Number.POSITIVE_INFINITY, versioned: false };
  const fn = new FunctionRecord(info as FunctionRecord['info'], 0);
  if (stretchMs !== undefined) fn.keptThread(stretchMs);
  return fn;
}

/** The queue looks in the next microtask. */
export async function settled(): Promise<void> {
  for (let n = 0; n < 5; n++) await Promise.resolve();
}
