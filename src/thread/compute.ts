/** Runs a memoized function, and makes of whatever happens one outcome that can be sent. */

import { OptionError, ValueError } from '../errors.ts';
import { milliseconds } from '../options.ts';
import type { Computed, Outcome } from '../protocol.ts';
import type { Definition } from '../registry.ts';
import { toPortable } from '../values/portable.ts';
import { toShared } from '../values/shared.ts';
import { encodeThrown } from '../values/thrown.ts';
import { after } from './after.ts';
import { type Computation, computations, nobodyWaits } from './computation.ts';

/**
 * Never rejects and never throws: what `prepare` or the function throws is the outcome. Only waits
 * if it has to, because each wait costs a tiny function more than its own work.
 */
export function compute(
  computation: Computation,
  prepare: () => Promise<Work> | Work,
): Outcome | Promise<Outcome> {
  const { lease } = computation;
  const failed = (thrown: unknown): Outcome => {
    return { type: 'fail', lease, error: encodeThrown(thrown), ms: computation.ownMs };
  };
  try {
    const outcome = after(prepare(), (work) => execute(computation, work));
    return outcome instanceof Promise ? outcome.catch(failed) : outcome;
  } catch (thrown) {
    return failed(thrown);
  }
}

function execute(computation: Computation, { definition, args }: Work): Outcome | Promise<Outcome> {
  if (computation.cancelled) throw nobodyWaits();
  computation.start();
  const value: unknown = computations.run(computation, () => definition.fn(...args));
  return after(value, (result): Outcome => {
    const { lease, ownMs } = computation;
    return { type: 'complete', lease, ...computed(definition, args, result, ownMs) };
  });
}

export interface Work {
  readonly definition: Definition;
  readonly args: readonly unknown[];
}

function computed(
  definition: Definition,
  args: readonly unknown[],
  value: unknown,
  ms: number,
): Computed {
  const ttl = keepFor(definition, args, value);
  return { value: toPortableOf(definition, value), ms, ttl };
}

/** Milliseconds; what the `cache` option declines is kept for none. */
function keepFor({ info, options }: Definition, args: readonly unknown[], value: unknown): number {
  const { cache, ttl } = options;
  const keep = cache ? cache(value, [...args]) : true;
  if (typeof keep !== 'boolean') {
    const returned = `cache of ${info.id} returned ${typeof keep}`;
    throw new OptionError(`${returned}; it must return true or false`);
  }
  if (!keep) return 0;
  if (typeof ttl !== 'function') return ttl;
  return milliseconds(`what ttl of ${info.id} returned`, ttl(value, [...args]));
}

function toPortableOf({ info, options }: Definition, value: unknown): Computed['value'] {
  try {
    return options.values === 'shared' ? toShared(value, 'result') : toPortable(value, 'result');
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    const { path } = error;
    throw new ValueError(`${info.id}: ${error.message}`, { functionId: info.id, path });
  }
}
