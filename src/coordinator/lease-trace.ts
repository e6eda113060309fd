/** Tells, in the coordinator's thread, of a computation in another one, if there is a subscriber. */

import { threadId } from 'node:worker_threads';
import { type ComputeEvent, computations } from '../events/channels.ts';
import { Trace } from '../events/trace.ts';
import type { Outcome } from '../protocol.ts';
import { decodeThrown } from '../values/thrown.ts';
import type { Lease } from './flight.ts';

/** Its own thread tells of what it computes itself: see `compute/traced.ts`. */
export function traceOf({ id: lease, flight, peer }: Lease): Trace<ComputeEvent> | undefined {
  if (!computations.hasSubscribers || peer.threadId === threadId) return undefined;
  const { fn, fullKey: key, context } = flight;
  const its = { functionId: fn.info.id, key, threadId: peer.threadId, lease };
  const event = context ? { ...its, context } : its;
  return new Trace<ComputeEvent>(computations, event);
}

export function endTrace(trace: Trace<ComputeEvent>, lease: Lease, outcome: Outcome): void {
  const { ms } = outcome;
  if (lease.cancelled !== 'no') return trace.end({ outcome: 'cancelled', ms });
  if (outcome.type === 'complete') return trace.end({ outcome: 'value', ms });
  trace.end({ outcome: 'error', ms, error: decodeThrown(outcome.error) });
}
