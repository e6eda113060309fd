/** Tells of a computation in the thread that computes it, if there is a subscriber. */

import { threadId } from 'node:worker_threads';
import { type Definition, keyOf } from '../call/registry.ts';
import { type ComputeEvent, computations } from '../events/channels.ts';
import { surrounded } from '../events/trace.ts';
import type { Computation } from './computation.ts';

/** Runs its function, in the stores that subscribers have bound to `start`. */
export function traced<T>(
  computation: Computation,
  { definition, args }: { readonly definition: Definition; readonly args: readonly unknown[] },
  run: () => T,
): T {
  if (!computations.hasSubscribers) return run();
  const { info, argsKey } = definition;
  const { lease, context } = computation;
  const key = keyOf(info.id, argsKey(args));
  const its = { functionId: info.id, key, threadId, lease };
  const event: ComputeEvent = context ? { ...its, context } : its;
  const over = (what: Pick<ComputeEvent, 'outcome' | 'error'>): void => {
    const outcome = computation.cancelled ? 'cancelled' : what.outcome;
    Object.assign(event, what, { outcome, ms: computation.ownMs });
    if (what.outcome === 'error') computations.error.publish(event);
    computations.asyncStart.publish(event);
    computations.asyncEnd.publish(event);
  };
  return computations.start.runStores(event, () => {
    try {
      const value = surrounded(event, run);
      if (value instanceof Promise) {
        const failed = (error: unknown) => over({ outcome: 'error', error });
        value.then(() => over({ outcome: 'value' }), failed);
      } else over({ outcome: 'value' });
      return value;
    } catch (error) {
      over({ outcome: 'error', error });
      throw error;
    } finally {
      computations.end.publish(event);
    }
  });
}
