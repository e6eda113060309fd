/** Runs a memoized function, and makes of whatever happens one outcome that can be sent. */

import type { Call } from '../call/call.ts';
import type { Definition } from '../call/registry.ts';
import { about, MemoError, OptionError, ThreadError } from '../errors.ts';
import { milliseconds } from '../options.ts';
import type { Computed, Details, Encoded, Outcome } from '../protocol.ts';
import { marksOf } from '../tags/tags.ts';
import { withFaults } from '../testing/computation-faults.ts';
import { toPortable } from '../values/portable.ts';
import { toShared } from '../values/shared.ts';
import { encodeThrown } from '../values/thrown.ts';
import { after } from './after.ts';
import { type Computation, noCallerWaits, within } from './computation.ts';
import { traced } from './traced.ts';

/**
 * Never rejects and never throws: what `prepare` or the function throws is the outcome. Only waits
 * if it has to, because each wait costs a tiny function more than its own work.
 * @param began told when a function with a `hardTimeout` is about to be called
 */
export function compute(
  computation: Computation,
  prepare: () => Promise<Work> | Work,
  began: (lease: number) => void = () => {},
): Outcome | Promise<Outcome> {
  const { lease } = computation;
  const failed = (thrown: unknown): Outcome => {
    const { ownMs: ms } = computation;
    const { error, kept } = thrown instanceof Kept ? thrown.asSent : asSent(thrown);
    return { type: 'fail', lease, error, ms, ...kept, stretch: computation.end(ms) };
  };
  try {
    const outcome = computation.occupy(() =>
      after(prepare(), (work) => computation.occupy(() => execute(computation, work, began))),
    );
    return outcome instanceof Promise ? outcome.catch(failed) : outcome;
  } catch (thrown) {
    return failed(thrown);
  }
}

function execute(
  computation: Computation,
  work: Work,
  began: (lease: number) => void,
): Outcome | Promise<Outcome> {
  const { definition, args } = work;
  if (computation.cancelled) throw noCallerWaits();
  if (definition.info.hardTimeout !== undefined) began(computation.lease);
  if (definition.info.tracks) computation.track();
  computation.start();
  // Taken out first: called on the definition, it would have that for its `this`.
  const { fn } = definition;
  const { lease } = computation;
  const run = (): unknown =>
    within(computation, () =>
      traced(computation, work, () => withFaults(lease, () => fn(...args))),
    );
  const value =
    definition.options.cacheErrors === undefined ? run() : caching(computation, work, run);
  const outcome = after(value, (result): Outcome => {
    const { ownMs } = computation;
    const said = computation.occupy(() => computed(definition, args, result, ownMs));
    const details = detailsOf(definition, computation, said.details);
    return { type: 'complete', lease, ...said, details, stretch: computation.end(ownMs) };
  });
  if (outcome instanceof Promise) computation.returned();
  return outcome;
}

/** What the function itself throws, with how long it is to be kept. */
class Kept {
  readonly asSent: { readonly error: Encoded; readonly kept: { readonly keepMs?: number } };

  constructor(thrown: unknown, keepMs: number) {
    this.asSent = { ...asSent(thrown), kept: { keepMs } };
  }
}

function asSent(thrown: unknown): Kept['asSent'] {
  return { error: encodeThrown(thrown), kept: {} };
}

/** Has what the function throws kept, where its options want that. */
function caching(
  computation: Computation,
  { definition, args }: Work,
  run: () => unknown,
): unknown {
  const threw = (thrown: unknown): never => {
    const keepMs = computation.cancelled ? 0 : keepErrorFor(definition, args, thrown);
    throw keepMs > 0 ? new Kept(thrown, keepMs) : thrown;
  };
  let value: unknown;
  try {
    value = run();
  } catch (thrown) {
    return threw(thrown);
  }
  return value instanceof Promise ? value.catch(threw) : value;
}

/** Of a signal that was aborted, or of `AbortSignal.timeout()`: it says nothing about the arguments. */
function isAbort(thrown: unknown): boolean {
  if (!(thrown instanceof DOMException)) return false;
  return thrown.name === 'AbortError' || thrown.name === 'TimeoutError';
}

/** Milliseconds. What threadmemo itself throws says nothing about the arguments, and is never kept. */
function keepErrorFor(
  { info, options: { cacheErrors } }: Definition,
  args: readonly unknown[],
  thrown: unknown,
): number {
  if (thrown instanceof MemoError || thrown instanceof OptionError || isAbort(thrown)) return 0;
  if (typeof cacheErrors !== 'function') return cacheErrors ?? 0;
  const said: unknown = cacheErrors(thrown, [...args]);
  if (said === false) return 0;
  try {
    return milliseconds(`what cacheErrors of ${info.id} returned`, said);
  } catch (error) {
    throw about(info.id, error);
  }
}

export interface Work {
  readonly definition: Definition;
  readonly args: readonly unknown[];
}

/** The value that a caller gives for the arguments of such a call. @throws {ValueError} @throws what an option throws */
export function given({ definition, args, fullKey }: Call, value: unknown): Computed {
  return computed(definition, args, value, 0, { root: 'value', key: fullKey });
}

function computed(
  definition: Definition,
  args: readonly unknown[],
  value: unknown,
  ms: number,
  { root, key }: { readonly root: 'result' | 'value'; readonly key?: string } = RESULT,
): Computed {
  try {
    const ttl = keepFor(definition, args, value);
    const tags = tagsOf(definition, args, value);
    const { values } = definition.options;
    const portable = values === 'shared' ? toShared(value, root) : toPortable(value, root);
    return tags ? { value: portable, ms, ttl, details: { tags } } : { value: portable, ms, ttl };
  } catch (error) {
    throw about(definition.info.id, error, key);
  }
}

/** What messages call it. */
const RESULT = { root: 'result' } as const;

/** Also of what is not kept: its waiters are not answered with it after an invalidation. */
function tagsOf(
  { info, options: { tags } }: Definition,
  args: readonly unknown[],
  value: unknown,
): readonly string[] | undefined {
  if (tags === undefined) return undefined;
  const marks =
    typeof tags === 'function'
      ? marksOf(`what tags of ${info.id} returned`, tags(value, [...args]))
      : tags;
  return marks.length > 0 ? marks : undefined;
}

function detailsOf(
  { info }: Definition,
  { wallMs, tracker }: Computation,
  details: Details | undefined,
): Details | undefined {
  const timed = (info.freshness?.refreshAhead ?? 0) > 0 ? { ...details, wallMs } : details;
  const parts = tracker?.parts;
  return parts ? { ...timed, parts } : timed;
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

/** What a call that blocks fails with when its function is asynchronous. */
export function isAsynchronous(id: string): ThreadError {
  return new ThreadError(
    `${id} returned a promise, for which sync() cannot wait: the thread that it blocks has to settle ` +
      'it. Await the call instead. The computation goes on, and others can have its value.',
    { functionId: id },
  );
}
