/** The coordinator's own thread: calls that are made there, answered without a message. */

import { watchLimits } from '../call-limits.ts';
import type { ResolvedCallOptions } from '../options.ts';
import type { FunctionStats, Portable } from '../protocol.ts';
import { type Definition, keyOf } from '../registry.ts';
import type { Side } from '../side.ts';
import { encodeArgs } from '../values/args.ts';
import { FrozenValues } from '../values/frozen-values.ts';
import { fromPortable } from '../values/portable.ts';
import { decodeThrown } from '../values/thrown.ts';
import type { Coordinator } from './coordinator.ts';
import type { Answer, Waiter } from './flight.ts';

export class LocalSide implements Side {
  readonly inPool = false;
  readonly #coordinator: Coordinator;
  readonly #frozen = new FrozenValues();

  constructor(coordinator: Coordinator) {
    this.#coordinator = coordinator;
  }

  get closed(): boolean {
    return this.#coordinator.closed;
  }

  call(
    definition: Definition,
    args: readonly unknown[],
    options: ResolvedCallOptions,
  ): Promise<unknown> {
    const {
      info,
      options: { values },
    } = definition;
    const key = definition.argsKey(args);
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    const fn = this.#coordinator.define(info);
    const entry = options.refresh ? undefined : this.#coordinator.hit(fn, key);
    if (entry) return Promise.resolve(this.#read(values, entry.id, entry.value));
    return new Promise((resolve, reject) => {
      const read = (id: number, value: Portable) => this.#read(values, id, value);
      const waiter = new LocalCall(resolve, reject, read);
      const { refresh } = options;
      try {
        this.#coordinator.want({ fn, key, waiter, refresh, snapshot: () => encodeArgs(args) });
      } catch (error) {
        return reject(error);
      }
      const canLeave = options.signal || options.timeout !== undefined;
      // It may have been answered at once: refused by a full queue, or by a closed pool.
      if (canLeave && waiter.flight) this.#watch(waiter, info.id, keyOf(info.id, key), options);
    });
  }

  /** The pool computes it in any case. */
  fork(fn: Definition, args: readonly unknown[], options: ResolvedCallOptions): Promise<unknown> {
    return this.call(fn, args, options);
  }

  peek(definition: Definition, args: readonly unknown[]): { value: unknown } | undefined {
    const fn = this.#coordinator.define(definition.info);
    const entry = this.#coordinator.peek(fn, definition.argsKey(args));
    return entry && { value: this.#read(definition.options.values, entry.id, entry.value) };
  }

  invalidate(definition: Definition, args: readonly unknown[]): Promise<void> {
    const key = definition.argsKey(args);
    return this.#coordinator.invalidate(this.#coordinator.define(definition.info), key);
  }

  clear({ info }: Definition): Promise<void> {
    return this.#coordinator.clear(this.#coordinator.define(info));
  }

  stats({ info }: Definition): FunctionStats {
    return this.#coordinator.define(info).counters.snapshot();
  }

  #watch(waiter: LocalCall, functionId: string, key: string, options: ResolvedCallOptions): void {
    waiter.endWatch = watchLimits(options, functionId, key, (reason) => {
      this.#coordinator.leave(waiter);
      waiter.fail(reason);
    });
  }

  #read(values: 'copy' | 'frozen', entry: number, value: Portable): unknown {
    return values === 'frozen' ? this.#frozen.get(entry, value) : fromPortable(value);
  }
}

/** A call on the coordinator's own thread, as a waiter. */
class LocalCall implements Waiter {
  readonly peer = undefined;
  readonly mode = 'wait';
  parent = undefined;
  flight: Waiter['flight'] = undefined;
  place = 0;
  endWatch: (() => void) | undefined;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #read: (entry: number, value: Portable) => unknown;

  constructor(
    resolve: (value: unknown) => void,
    reject: (reason: unknown) => void,
    read: (entry: number, value: Portable) => unknown,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#read = read;
  }

  deliver(answer: Answer): void {
    if (answer.state === 'failure') return this.fail(decodeThrown(answer.error));
    this.endWatch?.();
    try {
      this.#resolve(this.#read(answer.entry, answer.value));
    } catch (unreadable) {
      // Of no concern to the others who wait for the same answer.
      this.#reject(unreadable);
    }
  }

  fail(reason: unknown): void {
    this.endWatch?.();
    this.#reject(reason);
  }

  ledItself(): void {}

  lead(): never {
    throw new Error("a lease was offered to a call on the coordinator's own thread");
  }
}
