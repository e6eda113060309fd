/**
 * What the coordinator has handed to this thread, to be started one after another.
 *
 * Invariant: a task is started by the side that has exchanged its cell (see `protocol.ts`): this thread,
 * or another one after the coordinator has taken it back. No task waits for an earlier one to end:
 * that one may wait for it. But after so many the event loop turns, so that what has become ready in
 * this thread goes on, however many more arrive.
 */

import { inCell } from '../arena/lease-numbers.ts';
import { after } from '../compute/after.ts';
import { type Computation, within } from '../compute/computation.ts';
import type { Work } from '../compute/compute.ts';
import { isUnloadable, load, loaded } from '../compute/load.ts';
import { outside } from '../compute/outside.ts';
import type { Running } from '../compute/running.ts';
import {
  type Arguments,
  AS_BYTES,
  type FunctionInfo,
  type Outcome,
  type TaskList,
  type TraceContext,
} from '../protocol.ts';
import { setImmediate } from '../runtime/globals.ts';
import { decodeArgs } from '../values/args.ts';
import { arrived } from '../values/shared-memory.ts';

interface Task {
  readonly lease: number;
  readonly cell: number;
  readonly fn: number;
  readonly args: Arguments;
  readonly context: TraceContext | undefined;
}

export interface TaskEvents {
  report(outcome: Outcome): void;
  /** The event loop has turned, and `startAll` starts more. */
  mayGoOn(): void;
}

/** Tasks that are started before the event loop turns, beside computations that have begun and go on. */
const MOST_STARTS = 50;

export class Tasks {
  readonly #cells: Int32Array;
  readonly #running: Running;
  readonly #events: TaskEvents;
  /** By the coordinator's numbers. */
  readonly #functions = new Map<number, FunctionInfo>();
  readonly #waiting: Task[] = [];
  /** Of the list that comes next. */
  #contexts: ReadonlyMap<number, TraceContext> | undefined;
  #startsLeft = MOST_STARTS;
  #isPausing = false;

  constructor(cells: Int32Array, running: Running, events: TaskEvents) {
    this.#cells = cells;
    this.#running = running;
    this.#events = events;
  }

  /** Tasks that were not started yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  define(number: number, fn: FunctionInfo): void {
    this.#functions.set(number, fn);
  }

  follow(contexts: ReadonlyMap<number, TraceContext>): void {
    this.#contexts = contexts;
  }

  take(list: TaskList): void {
    const contexts = this.#contexts;
    this.#contexts = undefined;
    for (let at = 0; at < list.length; ) {
      const [lease, cell, fn, count] = list.slice(at, at + 4) as [number, number, number, number];
      const first = at + 4;
      at = first + (count === AS_BYTES ? 1 : count);
      const args = count === AS_BYTES ? (list[first] as Arguments) : list.slice(first, at);
      arrived(args);
      this.#waiting.push({ lease, cell, fn, args, context: contexts?.get(lease) });
    }
  }

  /**
   * Starts those that wait, also those that arrive meanwhile; what is left of them later. Must not be
   * called while it goes on.
   */
  startAll(): void {
    let count = 0;
    for (const task of this.#waiting) {
      if (this.#running.size > 0 && --this.#startsLeft < 0) break;
      count++;
      this.#start(task);
    }
    if (count === this.#waiting.length) this.#waiting.length = 0;
    else this.#waiting.splice(0, count);
    if (this.#startsLeft <= 0) this.#pause();
  }

  #pause(): void {
    if (this.#isPausing) return;
    this.#isPausing = true;
    outside(() =>
      setImmediate(() => {
        this.#isPausing = false;
        this.#startsLeft = MOST_STARTS;
        if (this.waiting > 0) this.#events.mayGoOn();
      }),
    );
  }

  #start({ lease, cell, fn: number, args, context }: Task): void {
    const its = inCell(lease);
    if (Atomics.compareExchange(this.#cells, cell, its, 0) !== its) return;
    const fn = this.#functions.get(number) as FunctionInfo;
    const prepare = (computation: Computation) => this.#prepare(fn, args, computation);
    const outcome = this.#running.run(lease, prepare, context);
    void after(outcome, (ended) => this.#events.report(withReason(ended, fn)));
  }

  #prepare(fn: FunctionInfo, args: Arguments, computation: Computation): Work | Promise<Work> {
    const definition = loaded(fn);
    if (definition) return { definition, args: decodeArgs(args) };
    // Calls that the module makes while it is evaluated are made from this computation.
    return within(computation, () => load(fn)).then((found) => ({
      definition: found,
      args: decodeArgs(args),
    }));
  }
}

function withReason(outcome: Outcome, fn: FunctionInfo): Outcome {
  const isLost = outcome.type === 'fail' && isUnloadable(fn);
  return isLost ? { ...outcome, unloadable: fn.module } : outcome;
}
