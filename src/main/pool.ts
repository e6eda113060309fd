/** The pool: puts the coordinator, its threads and its memory together, and takes them down. */

import type { Worker } from 'node:worker_threads';
import type { ArenaUsage } from '../arena/room.ts';
import { keepToItself, mayBelong } from '../belonging.ts';
import { systemClock } from '../clock.ts';
import { PoolClosedError, PoolOpenError, ThreadError } from '../errors.ts';
import { Reads } from '../near/reads.ts';
import type { FunctionStats } from '../protocol.ts';
import { installedSide, installSide } from '../side.ts';
import { Attached } from './attached.ts';
import { Coordinator } from './coordinator.ts';
import type { TierStats } from './counted-tier.ts';
import { totalOf } from './counters.ts';
import { Dispatcher } from './dispatcher.ts';
import { LocalSide } from './local-side.ts';
import {
  checkWorker,
  type PoolOptions,
  type ResolvedPoolOptions,
  resolvePoolOptions,
} from './pool-options.ts';
import type { NearUsage, Readers } from './readers.ts';
import { receive } from './receive.ts';
import { Store } from './store.ts';
import type { ThreadPeer } from './thread-peer.ts';
import { type PeerEvents, Threads } from './threads.ts';
import { TierChain } from './tier-chain.ts';
import { versioned } from './versioned-tier.ts';

/** What has happened in a pool since it was opened: the sums over all functions, and more. */
export interface PoolStats extends FunctionStats {
  /** By function id. */
  readonly functions: Readonly<Record<string, FunctionStats>>;
  /** Where the bytes of `maxSize` are. */
  readonly memory: ArenaUsage;
  /** What all threads together have decoded and kept for themselves. */
  readonly near: NearUsage;
  /** By the tiers' names, fastest first. */
  readonly tiers: Readonly<Record<string, Readonly<TierStats>>>;
  /** Worker threads that run now. */
  readonly threads: number;
  /** Worker threads that have died or were replaced. */
  readonly threadsLost: number;
  /** Threads that were attached, and have called a memoized function since. */
  readonly attached: number;
  /** Calls that wait for a thread now. */
  readonly queued: number;
}

/** An open pool of worker threads, with its cache. See `createPool`. */
export class MemoPool {
  readonly options: Readonly<ResolvedPoolOptions>;
  readonly #coordinator: Coordinator;
  readonly #store: Store;
  readonly #dispatcher: Dispatcher;
  readonly #threads: Threads;
  readonly #attached: Attached;
  readonly #tiers: TierChain;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedPoolOptions) {
    this.options = options;
    const infoOf = (id: string) => coordinator.functions.get(id)?.info;
    this.#tiers = new TierChain(versioned(options.tiers, infoOf));
    this.#store = new Store(options, systemClock);
    this.#dispatcher = new Dispatcher(options.maxQueue, systemClock, {
      begin: (flight, peer) => coordinator.begin(flight, peer),
      reclaim: (lease) => coordinator.unfinished.reclaim(lease),
      threadsWanted: (count) => this.#threads.want(count),
      spareThreads: () => this.#threads.spare,
      inLine: () => coordinator.inLine,
      hungry: () => coordinator.hungry(),
    });
    const dispatcher = this.#dispatcher;
    const { readers } = this.#store;
    const coordinator = new Coordinator({
      clock: systemClock,
      store: this.#store,
      tiers: this.#tiers,
      backlog: dispatcher,
      attempts: options.attempts,
      threads: options.threads,
    });
    this.#coordinator = coordinator;
    const threadEvents: PeerEvents = {
      arrived: (peer) => shareWith(peer, readers),
      received: (peer, message) => receive(coordinator, peer, message),
      died: (peer, cause) => {
        if (peer.slot !== undefined) readers.leave(peer.slot);
        coordinator.unfinished.died(peer, cause);
      },
    };
    this.#attached = new Attached(threadEvents);
    this.#threads = new Threads(options, systemClock, {
      ...threadEvents,
      shiftBegins: (peer) => dispatcher.join(peer),
      shiftEnds: (peer) => dispatcher.leave(peer),
      stranded: (cause) => this.#stranded(cause),
    });
    this.#tiers.listen((from, what) => coordinator.invalidate.heard(from, what));
    installSide(new LocalSide(coordinator, ownReads(readers)));
  }

  stats(): PoolStats {
    const functions = [...this.#coordinator.functions.values()];
    return {
      ...totalOf(functions.map((fn) => this.#coordinator.statsOf(fn))),
      functions: Object.fromEntries(
        functions.map((fn) => [fn.info.id, this.#coordinator.statsOf(fn)]),
      ),
      memory: this.#store.usage(),
      near: this.#store.readers.near(),
      tiers: Object.fromEntries(
        [...this.#tiers.stats].map(([{ name }, stats]) => [name, { ...stats }]),
      ),
      threads: this.#threads.count,
      threadsLost: this.#threads.lost,
      attached: this.#attached.count,
      queued: this.#dispatcher.size + this.#coordinator.inLine,
    };
  }

  /**
   * Has a worker share the cache that somebody else has started: another pool, or `new Worker()`.
   * Memoized functions that are called there from now on find what is cached, wait for what is being
   * computed, and compute the rest right there; `sync` and `fork` work as in the pool's threads.
   * The worker gets no work of this pool's, and is never ended by it.
   *
   * Attach a worker right after it was started: it must not have called a memoized function. The
   * promise settles soon, whatever the worker is busy with, also if it never calls one. To attach it
   * twice, or one of the pool's own, does nothing. When the pool is closed, calls in the worker are
   * rejected with `PoolClosedError`, until it is attached to another pool or opens one.
   *
   * A worker that sleeps between its tasks, as those of Piscina and tinypool do, should await the
   * calls that a task makes: what it leaves under way goes on with its next task, and whoever wants
   * the same value waits until then.
   * @throws {OptionError} when it is no `Worker`. @throws {PoolClosedError}
   * @throws {ThreadError} when the worker has exited; when it uses a cache of its own already; when
   * it was started before threadmemo was loaded in this thread.
   * @example
   * const tinypool = new Tinypool({ filename });
   * await Promise.all(tinypool.threads.map(({ thread }) => pool.attach(thread)));
   * @example
   * // Whatever worker this thread will start.
   * process.on('worker', (worker) => pool.attach(worker));
   */
  async attach(worker: Worker): Promise<void> {
    checkWorker(worker);
    if (this.#coordinator.closed)
      throw new PoolClosedError('the pool was closed: it has no cache to share');
    await this.#attached.attach(worker);
  }

  /** Forgets every value of every function. Settles when no tier answers with an old one. */
  clear(): Promise<void> {
    return this.#coordinator.invalidate.everything();
  }

  /**
   * Rejects the calls of this thread that were not begun yet with `PoolClosedError`, and lets what
   * runs come to its end: before an orderly `close()`. Later calls are answered as before.
   */
  withdraw(): void {
    this.#coordinator.withdraw();
  }

  /**
   * Ends the pool: every call that waits, and every later one, is rejected with
   * `PoolClosedError`; the threads are ended, but for those that were attached; what the tiers have not written yet is written.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#coordinator.close();
    this.#attached.close();
    mayBelong();
    await this.#threads.destroy();
    await this.#tiers.close();
  }

  #stranded(cause: unknown): void {
    for (const flight of this.#dispatcher.withdrawAll())
      this.#coordinator.unfinished.notStarted(flight, cause);
  }
}

/** The coordinator's own thread reads like any other. */
function ownReads(readers: Readers): Reads {
  const reads = new Reads(false);
  const reading = readers.join();
  if (reading) reads.connect(reading);
  return reads;
}

/** A thread for which there is no place left asks for everything. */
function shareWith(peer: ThreadPeer, readers: Readers): void {
  const reading = readers.join();
  peer.slot = reading?.slot;
  if (reading) peer.post({ type: 'cache', reading });
}

/**
 * Opens the pool of this thread.
 * @throws {PoolOpenError} when one is open. @throws {ThreadError} in a thread that uses another's.
 */
export function openPool(options: PoolOptions): MemoPool {
  const side = installedSide();
  if (side?.inPool) {
    throw new ThreadError(
      'createPool() was called in a worker thread of a pool. The thread has loaded the module that ' +
        'starts the application, because a memoized function is defined there: move the function ' +
        'to a module of its own, or start the application only if isMainThread (node:worker_threads).',
    );
  }
  if (!keepToItself()) throw new ThreadError(USES_ANOTHER);
  if (side && !side.closed) {
    throw new PoolOpenError(
      'a pool is open already, by createPool() or by the first call of a memoized function; ' +
        'call createPool() before that, or close() the open one first',
    );
  }
  try {
    return new MemoPool(resolvePoolOptions(options));
  } catch (error) {
    mayBelong();
    throw error;
  }
}

const USES_ANOTHER =
  'this thread was attached to a pool, whose cache its memoized functions use: createPool() is for ' +
  'the thread that has attached it';
