/**
 * Measures what a memo costs a thread, at few of the calls that find nothing: the 1st, 3rd, 7th and so on,
 * then every 64th. Hits pay nothing for it: what a hit costs is found out by looking an earlier call's value
 * up again, which leaves no trace. Where thousands of functions are called for the first time in one turn of
 * the event loop, the first of them are measured, and the others when they are called again: a measurement
 * takes as long as the call.
 *
 * Each step is tried a few times, and the shortest counts: the others have been interrupted, or the first to run.
 */

import { Call } from '../call/call.ts';
import type { Definition } from '../call/registry.ts';
import type { CallSample } from '../protocol.ts';
import { performance, setImmediate } from '../runtime/globals.ts';
import { hasAccessors } from '../values/accessors.ts';
import { encodeArgs } from '../values/args.ts';
import { toPortable } from '../values/portable.ts';
import { isPrimitive } from '../values/primitive.ts';
import type { Reads } from './reads.ts';
import { suspectsIn } from './suspects.ts';

const MOST_BETWEEN = 64;
const TRIES = 5;
const FEWEST_TRIES = 3;
/** Milliseconds after which a step is not tried again, unless it was tried less often than that. */
const LONG = 1;
/** After these not at all. */
const TOO_LONG = 30;
const LONGEST_TEXT = 1024;
/** Measurements in one turn of the event loop. */
const IN_A_TURN = 64;

interface Sampled {
  /** Calls until the next one. */
  left: number;
  between: number;
  /** An earlier call, whose value may be there by now. */
  earlier: Call | undefined;
}

type Measured = (definition: Definition, sample: CallSample) => void;

export class Sampling {
  readonly #reads: Reads;
  readonly #tell: Measured;
  readonly #functions = new Map<Definition, Sampled>();
  #leftInTurn = IN_A_TURN;

  constructor(reads: Reads, tell: Measured) {
    this.#reads = reads;
    this.#tell = tell;
  }

  /**
   * A call has found nothing here; its key was made. Never throws.
   * @param messages that a miss of this thread costs
   */
  missed(call: Call, messages: number): void {
    const known = this.#functions.get(call.definition) ?? this.#meet(call.definition);
    if (--known.left > 0 || !this.#hasTurn()) return;
    known.between = Math.min(known.between * 2, MOST_BETWEEN);
    known.left = known.between;
    try {
      if (hasAccessors(call.args)) return;
      const { earlier } = known;
      known.earlier = withoutObjects(call);
      this.#tell(call.definition, { miss: { ...missOf(call), messages }, ...this.#hitOf(earlier) });
    } catch {
      // An argument that is refused, or a full stack: the call itself will tell.
    }
  }

  /** Whether one more fits this turn. A call that does not is followed by one that is tried again. */
  #hasTurn(): boolean {
    if (this.#leftInTurn === 0) return false;
    if (this.#leftInTurn === IN_A_TURN)
      setImmediate(() => {
        this.#leftInTurn = IN_A_TURN;
      });
    this.#leftInTurn--;
    return true;
  }

  /** Measures hits of the calls that were looked at last. */
  flush(): void {
    for (const [definition, known] of this.#functions) {
      const { earlier } = known;
      if (!earlier) continue;
      known.earlier = undefined;
      this.#tell(definition, this.#hitOf(earlier));
    }
  }

  #meet(definition: Definition): Sampled {
    const made = { left: 1, between: 1, earlier: undefined };
    this.#functions.set(definition, made);
    return made;
  }

  #hitOf(call: Call | undefined): Pick<CallSample, 'hit'> {
    const found = call && this.#reads.look(call, false);
    if (!call || !found || found.state === 'missed') return {};
    const { value } = found;
    const isShared = call.definition.options.values === 'shared';
    const encodeMs = isShared ? 0 : leastMs(() => toPortable(value, 'result'));
    return { hit: { ms: leastMs(() => this.#reads.look(call, false)), encodeMs } };
  }
}

/** The user's own `key` is not called once more: making a key that it chooses counts as nothing. */
function missOf({
  definition,
  args,
  key,
}: Call): Omit<NonNullable<CallSample['miss']>, 'messages'> {
  const hasKeyOption = definition.options.key !== undefined;
  const needsKey = hasKeyOption || args.length !== 1 || !isPrimitive(args[0]);
  const keyMs = hasKeyOption ? 0 : leastMs(() => definition.argsKey(args));
  const copyMs = leastMs(() => encodeArgs(args));
  return { keyMs, copyMs, needsKey, suspects: suspectsIn(hasKeyOption ? key : args) };
}

/** The call without its arguments, which may be large: its key is known. */
class KnownCall extends Call {
  readonly #known: string;

  constructor({ definition, key }: Call, args: readonly unknown[]) {
    super(definition, args);
    this.#known = key;
  }

  override get key(): string {
    return this.#known;
  }
}

function withoutObjects(call: Call): Call {
  const isSmall = (arg: unknown) =>
    typeof arg === 'string' ? arg.length <= LONGEST_TEXT : isPrimitive(arg);
  return new KnownCall(call, call.args.every(isSmall) ? call.args : []);
}

function leastMs(run: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  let spent = 0;
  for (let tried = 0; tried < TRIES && spent < TOO_LONG; tried++) {
    if (tried >= FEWEST_TRIES && spent >= LONG) break;
    const since = performance.now();
    run();
    const ms = performance.now() - since;
    least = Math.min(least, ms);
    spent += ms;
  }
  return least;
}
