/** The coordinator's own thread: calls that are made there, answered without a message. */

import type { Call } from '../call/call.ts';
import { watchLimits } from '../call/limits.ts';
import { type Definition, keyOf } from '../call/registry.ts';
import type { CoordinatorSide, Held, Sight } from '../call/side.ts';
import { type Clock, Pending } from '../clock.ts';
import {
  type Computation,
  currentComputation,
  currentTracker,
  noCallerWaits,
} from '../compute/computation.ts';
import { given } from '../compute/compute.ts';
import type { Coordinator } from '../coordinator/coordinator.ts';
import type { FunctionRecord } from '../coordinator/function-record.ts';
import type { Readers } from '../coordinator/readers.ts';
import { answerOf } from '../coordinator/stale-answers.ts';
import { calls } from '../events/channels.ts';
import type { Arguments, Explanation, FunctionStats, Portable } from '../protocol.ts';
import { type FunctionReads, MISSED } from '../read/function-reads.ts';
import { Reads } from '../read/reads.ts';
import { Sampling } from '../read/sampling.ts';
import { dateNow, queueMicrotask } from '../runtime/globals.ts';
import { ensureHeadroom } from '../runtime/headroom.ts';
import { Arrivals } from './arrivals.ts';
import { LocalCall } from './local-call.ts';
import type { LocalPeer } from './local-peer.ts';
import { LocalSync } from './local-sync.ts';

/** A function as it is called in this thread. */
interface LocalFunction {
  readonly record: FunctionRecord;
  /** `undefined` when there is no place for this thread among the readers. */
  readonly reads: FunctionReads | undefined;
}

export class LocalSide implements CoordinatorSide {
  readonly kind = 'coordinator';
  readonly threads: number;
  readonly #coordinator: Coordinator;
  readonly #own: LocalPeer;
  readonly #sync: LocalSync;
  readonly #reads: Reads;
  readonly #functions = new Map<Definition, LocalFunction>();
  readonly #arrivals: Arrivals<LocalCall>;
  readonly #sampling: Sampling;
  /** Calls that only threads can answer. (What this thread computes waits for something of its own, or for nothing.) */
  readonly #pending: Pending;
  #closed = false;

  constructor(coordinator: Coordinator, own: LocalPeer, readers: Readers, clock: Clock) {
    this.threads = coordinator.threads;
    this.#coordinator = coordinator;
    this.#own = own;
    this.#reads = ownReads(readers);
    this.#sync = new LocalSync(coordinator, own, this.#read);
    this.#sampling = new Sampling(this.#reads, (definition, sample) =>
      this.#functionOf(definition).record.costs.add(sample),
    );
    this.#pending = new Pending(clock);
    const take = (call: LocalCall) => this.#take(call);
    this.#arrivals = new Arrivals(clock, take, () => coordinator.isThreadFree);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** From now on nothing that was cached is served. */
  close(): void {
    this.#closed = true;
  }

  call(call: Call): Promise<unknown> {
    const { signal, refresh } = call.limits;
    const tracker = currentTracker();
    if (signal?.aborted) {
      tracker?.cannotTell();
      return Promise.reject(signal.reason);
    }
    const { record, reads } = this.#functionOf(call.definition);
    if (reads && !refresh && !this.#closed) {
      const found = tracker ? this.#reads.lookFor(call, true, tracker) : reads.look(call, true);
      if (found.state !== 'missed') {
        if (found.state === 'due') this.#refreshSoon(call, record);
        return Promise.resolve(found.value);
      }
    }
    const from = currentComputation();
    if (from?.cancelled) return Promise.reject(noCallerWaits());
    this.#sampling.missed(call, this.#messagesOf(record));
    const local = new LocalCall(call, this.#argsOf(call, record), record, this.#read, from);
    this.#arrivals.add(local);
    return local.promise;
  }

  find(call: Call): Sight {
    const { record, reads } = this.#functionOf(call.definition);
    if (!reads || this.#closed) return MISSED;
    const found = reads.look(call, true);
    if (found.state === 'due') this.#refreshSoon(call, record);
    return found;
  }

  date(): number {
    return this.#reads.clock?.date() ?? dateNow();
  }

  /** In any case another thread computes it, or this one later. */
  fork(call: Call): Promise<unknown> {
    return this.call(call);
  }

  /** @throws {ThreadError} outside of computations, and in those that no worker would run. */
  sync(call: Call): unknown {
    const blocker = this.#sync.blocker(call);
    const { record, reads } = this.#functionOf(call.definition);
    const tracker = currentTracker();
    const look = () =>
      tracker ? this.#reads.lookFor(call, true, tracker) : reads?.look(call, true);
    // A computation may go on after the pool was closed.
    const found = this.#closed ? undefined : look();
    if (found?.state === 'due') this.#refreshSoon(call, record);
    if (found && found.state !== 'missed') return found.value;
    return this.step(() => this.#sync.run(call, record, blocker));
  }

  signal(): AbortSignal | undefined {
    return currentComputation()?.signal;
  }

  peek(call: Call): { value: unknown } | undefined {
    if (this.#closed) return void call.key;
    const { definition } = call;
    const { record, reads } = this.#functionOf(definition);
    const tracker = currentTracker();
    const found = tracker ? this.#reads.lookFor(call, false, tracker) : reads?.look(call, false);
    if (found && found.state !== 'missed') return found;
    const lease = tracker && currentComputation()?.lease;
    const parent = lease === undefined ? undefined : this.#coordinator.computation(lease);
    const entry = this.#coordinator.peek(record, call.key, parent);
    return entry && { value: this.#reads.adopt(definition, entry.id, entry.value) };
  }

  hold(call: Call): Held | undefined {
    const { reads } = this.#functionOf(call.definition);
    const held = this.#closed ? undefined : reads?.hold(call);
    return held && { ms: held.ms, use: () => !this.#closed && held.use() };
  }

  invalidate(call: Call): Promise<void> {
    const { key } = call;
    const { record } = this.#functionOf(call.definition);
    return this.step(() => this.#coordinator.invalidate(record, key));
  }

  set(call: Call, value: unknown): Promise<void> {
    const { key, definition } = call;
    const computed = given(call, value);
    const { record } = this.#functionOf(definition);
    return this.step(() => this.#coordinator.set(record, key, computed));
  }

  expire(call: Call): Promise<void> {
    const { key } = call;
    const { record } = this.#functionOf(call.definition);
    return this.step(() => this.#coordinator.expire(record, key));
  }

  clear(definition: Definition): Promise<void> {
    const { record } = this.#functionOf(definition);
    return this.step(() => this.#coordinator.invalidate(record));
  }

  invalidateTags(marks: readonly string[]): Promise<void> {
    return this.step(() => this.#coordinator.invalidateTags(marks));
  }

  expireTags(marks: readonly string[]): Promise<void> {
    return this.step(() => this.#coordinator.expireTags(marks));
  }

  async explain(call: Call): Promise<Explanation> {
    const args = call.copyArgs();
    const { key } = call;
    const { record } = this.#functionOf(call.definition);
    return this.step(() => this.#coordinator.explain(record, key, args));
  }

  stats(definition: Definition): FunctionStats {
    const { record } = this.#functionOf(definition);
    return this.step(() => this.#coordinator.statsOf(record));
  }

  /**
   * What this thread asks of the coordinator beside its calls, and after those that came before.
   * @throws {RangeError} when the stack is full; nothing has been done then.
   */
  step<T>(run: () => T): T {
    ensureHeadroom();
    this.#arrivals.flush();
    return run();
  }

  /** A task, and its outcome. */
  #messagesOf(fn: FunctionRecord): number {
    return this.#isForThreads(fn) ? 2 : 0;
  }

  #isForThreads({ info }: FunctionRecord): boolean {
    return this.threads > 0 && info.thread === undefined;
  }

  #keepAlive(call: LocalCall): void {
    call.keptAlive = this.#pending;
    this.#pending.begin();
  }

  /** What was measured so far is known then. */
  measure(): void {
    this.#sampling.flush();
  }

  /** In a turn of its own: the caller's stack may be nearly full, and it has its answer. */
  #refreshSoon(call: Call, record: FunctionRecord): void {
    const args = call.copyArgs();
    const { key } = call;
    queueMicrotask(() => this.#coordinator.refresh(record, key, args, true));
  }

  /** As the arguments are now; those of a computation that is wanted already are the same. */
  #argsOf(call: Call, record: FunctionRecord): Arguments {
    return this.#coordinator.argsOf(record, call.key) ?? call.copyArgs();
  }

  /** On an empty stack, or where there is room. Never throws. */
  #take(call: LocalCall): void {
    const { fn, key, limits } = call;
    const { signal, timeout, refresh, maxAge } = limits;
    try {
      if (signal?.aborted) return call.fail(signal.reason);
      if (call.from && !this.#isMadeFrom(call.from, call)) return call.forsaken();
      const entry = refresh ? undefined : this.#coordinator.hit(fn, key, maxAge, call.parent);
      if (entry) {
        if (this.#coordinator.isStale(entry)) this.#coordinator.refresh(fn, key, call.args, true);
        return call.deliver(answerOf(entry));
      }
      if (calls.hasSubscribers) call.trace(this.#coordinator.isUnderWay(fn, key) ? 'wait' : 'miss');
      if (this.#isForThreads(fn)) this.#keepAlive(call);
      this.#coordinator.want(call);
      // It may have been answered at once: refused by a full queue, or by a closed pool.
      if ((signal || timeout !== undefined) && call.flight) this.#watch(call);
    } catch (error) {
      this.#coordinator.leave(call);
      call.fail(error);
    }
  }

  /** False when the computation was abandoned meanwhile. One that has ended is none any more. */
  #isMadeFrom(computation: Computation, call: LocalCall): boolean {
    if (!this.#own.has(computation)) return !computation.cancelled;
    call.parent = this.#coordinator.computation(computation.lease);
    call.parent?.makesCalls();
    return call.parent?.cancelled === 'no';
  }

  #watch(call: LocalCall): void {
    const { fn, key, limits } = call;
    const { id } = fn.info;
    const gone = (reason: unknown) => {
      call.from?.tracker?.cannotTell();
      this.#coordinator.leave(call);
      call.fail(reason);
    };
    call.endWatch = watchLimits(limits, id, keyOf(id, key), gone, this.#reads.clock);
  }

  readonly #read = (definition: Definition, entry: number, value: Portable): unknown =>
    this.#reads.adopt(definition, entry, value);

  #functionOf(definition: Definition): LocalFunction {
    return this.#functions.get(definition) ?? this.#meet(definition);
  }

  #meet(definition: Definition): LocalFunction {
    const record = this.#coordinator.define(definition.info);
    this.#reads.number(definition.info.id, record.number);
    const met = { record, reads: this.#reads.of(definition) };
    this.#functions.set(definition, met);
    return met;
  }
}

/** The coordinator's own thread reads like any other. */
function ownReads(readers: Readers): Reads {
  const reads = new Reads(false, (what) => {
    if (what.type === 'counts') readers.countedIn(what.slot, what.fn, what.memory);
  });
  const reading = readers.join();
  if (reading) reads.connect(reading);
  return reads;
}
