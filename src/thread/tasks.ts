/**
 * What the coordinator has handed to this thread, to be started one after another.
 *
 * Invariant: a task is started by whoever has exchanged its cell (see `protocol.ts`): this thread,
 * or another one after the coordinator has taken it back. No task waits for an earlier one to end:
 * that one may wait for it.
 */

import {
  type Arguments,
  AS_BYTES,
  type FunctionInfo,
  type Outcome,
  type Tasks as TaskList,
} from '../protocol.ts';
import { decodeArgs } from '../values/args.ts';
import { after } from './after.ts';
import { type Computation, computations } from './computation.ts';
import type { Work } from './compute.ts';
import { load, loaded } from './load.ts';
import type { Running } from './running.ts';

interface Task {
  readonly lease: number;
  readonly cell: number;
  readonly fn: number;
  readonly args: Arguments;
}

export class Tasks {
  readonly #cells: Int32Array;
  readonly #running: Running;
  readonly #report: (outcome: Outcome) => void;
  /** By the coordinator's numbers. */
  readonly #functions = new Map<number, FunctionInfo>();
  readonly #waiting: Task[] = [];

  constructor(cells: Int32Array, running: Running, report: (outcome: Outcome) => void) {
    this.#cells = cells;
    this.#running = running;
    this.#report = report;
  }

  /** Tasks that were not started yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  define(number: number, fn: FunctionInfo): void {
    this.#functions.set(number, fn);
  }

  take(list: TaskList): void {
    for (let at = 0; at < list.length; ) {
      const [lease, cell, fn, count] = list.slice(at, at + 4) as [number, number, number, number];
      const first = at + 4;
      at = first + (count === AS_BYTES ? 1 : count);
      const args = count === AS_BYTES ? (list[first] as Arguments) : list.slice(first, at);
      this.#waiting.push({ lease, cell, fn, args });
    }
  }

  /** Starts all that wait, those that arrive meanwhile too. Must not be called while it goes on. */
  startAll(): void {
    for (const task of this.#waiting) this.#start(task);
    this.#waiting.length = 0;
  }

  #start({ lease, cell, fn: number, args }: Task): void {
    if (Atomics.compareExchange(this.#cells, cell, lease, 0) !== lease) return;
    const fn = this.#functions.get(number) as FunctionInfo;
    const outcome = this.#running.run(lease, (computation) => this.#prepare(fn, args, computation));
    void after(outcome, this.#report);
  }

  #prepare(fn: FunctionInfo, args: Arguments, computation: Computation): Work | Promise<Work> {
    const definition = loaded(fn);
    if (definition) return { definition, args: decodeArgs(args) };
    // Calls that the module makes while it is evaluated are made from this computation.
    return computations
      .run(computation, () => load(fn))
      .then((found) => ({ definition: found, args: decodeArgs(args) }));
  }
}
