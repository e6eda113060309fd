/** The coordinator's own thread: calls that are made there, answered without a message. */

import { watchLimits } from '../call-limits.ts';
import { MISS, type Reads } from '../near/reads.ts';
import type { ResolvedCallOptions } from '../options.ts';
import type { FunctionInfo, FunctionStats, Portable } from '../protocol.ts';
import { type Definition, keyOf } from '../registry.ts';
import type { Held, Side } from '../side.ts';
import { encodeArgs } from '../values/args.ts';
import { decodeThrown } from '../values/thrown.ts';
import type { Coordinator } from './coordinator.ts';
import type { Answer, Waiter } from './flight.ts';
import type { FunctionRecord } from './function-record.ts';

export class LocalSide implements Side {
  readonly inPool = false;
  readonly #coordinator: Coordinator;
  readonly #reads: Reads;
  readonly #numbered = new Set<FunctionRecord>();

  constructor(coordinator: Coordinator, reads: Reads) {
    this.#coordinator = coordinator;
    this.#reads = reads;
  }

  get closed(): boolean {
    return this.#coordinator.closed;
  }

  call(
    definition: Definition,
    args: readonly unknown[],
    options: ResolvedCallOptions,
  ): Promise<unknown> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    const { info } = definition;
    const fn = this.#define(info);
    const hit = options.refresh || this.closed ? MISS : this.#reads.hit(definition, args);
    if (hit !== MISS) return Promise.resolve(hit);
    const key = definition.argsKey(args);
    const read = (id: number, value: Portable) => this.#reads.adopt(definition, id, value);
    const entry = options.refresh ? undefined : this.#coordinator.hit(fn, key);
    if (entry) return Promise.resolve(read(entry.id, entry.value));
    return new Promise((resolve, reject) => {
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
    const fn = this.#define(definition.info);
    const value = this.closed ? MISS : this.#reads.peek(definition, args);
    if (value !== MISS) return { value };
    const entry = this.#coordinator.peek(fn, definition.argsKey(args));
    return entry && { value: this.#reads.adopt(definition, entry.id, entry.value) };
  }

  hold(definition: Definition, args: readonly unknown[]): Held | undefined {
    this.#define(definition.info);
    const held = this.closed ? undefined : this.#reads.of(definition)?.hold(args);
    return held && { ms: held.ms, use: () => !this.closed && held.use() };
  }

  invalidate(definition: Definition, args: readonly unknown[]): Promise<void> {
    const key = definition.argsKey(args);
    return this.#coordinator.invalidate.one(this.#define(definition.info), key);
  }

  clear({ info }: Definition): Promise<void> {
    return this.#coordinator.invalidate.allOf(this.#define(info));
  }

  stats({ info }: Definition): FunctionStats {
    return this.#coordinator.statsOf(this.#define(info));
  }

  #watch(waiter: LocalCall, functionId: string, key: string, options: ResolvedCallOptions): void {
    waiter.endWatch = watchLimits(options, functionId, key, (reason) => {
      this.#coordinator.leave(waiter);
      waiter.fail(reason);
    });
  }

  #define(info: FunctionInfo): FunctionRecord {
    const fn = this.#coordinator.define(info);
    if (this.#numbered.has(fn)) return fn;
    this.#numbered.add(fn);
    this.#reads.number(info.id, fn.number);
    return fn;
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
