/** Runs a memoized function, and makes of whatever happens one outcome that can be sent. */

import { OptionError, ValueError } from '../errors.ts';
import { milliseconds } from '../options.ts';
import type { Computed, Outcome } from '../protocol.ts';
import type { Definition } from '../registry.ts';
import { encode } from '../values/encode.ts';
import { encodeThrown } from '../values/thrown.ts';
import { type Computation, computations } from './computation.ts';

/** Never rejects. `prepare` gives the definition and its arguments; its failure is the outcome. */
export async function compute(
  computation: Computation,
  prepare: () => Promise<Work> | Work,
): Promise<Outcome> {
  const { lease } = computation;
  try {
    const { definition, args } = await prepare();
    computation.signal.throwIfAborted();
    computation.start();
    const value = await computations.run(computation, () => definition.fn(...args));
    return {
      type: 'complete',
      lease,
      computed: computed(definition, args, value, computation.ownMs),
    };
  } catch (thrown) {
    return { type: 'fail', lease, error: encodeThrown(thrown), ms: computation.ownMs };
  }
}

export interface Work {
  readonly definition: Definition;
  readonly args: readonly unknown[];
}

function computed(
  { info, options }: Definition,
  args: readonly unknown[],
  value: unknown,
  ms: number,
): Computed {
  const { cache, ttl } = options;
  const keep = cache ? cache(value, [...args]) : true;
  if (typeof keep !== 'boolean') {
    throw new OptionError(
      `cache of ${info.id} returned ${typeof keep}; it must return true or false`,
    );
  }
  const lasts =
    typeof ttl === 'function'
      ? milliseconds(`what ttl of ${info.id} returned`, ttl(value, [...args]))
      : ttl;
  return { value: encoded(info.id, value), keep, ttl: lasts, ms };
}

function encoded(functionId: string, value: unknown): Computed['value'] {
  try {
    return encode(value, 'result');
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    const { path } = error;
    throw new ValueError(`${functionId}: ${error.message}`, { functionId, path });
  }
}
