/** The pool: puts the coordinator, its threads and its memory together, and takes them down. */

import type { Worker } from 'node:worker_threads';
import { keepToItself, mayBelong } from '../call/belonging.ts';
import { installedSide, installSide } from '../call/side.ts';
import { systemClock } from '../clock.ts';
import { BegunKeys } from '../coordinator/begun.ts';
import { Coordinator } from '../coordinator/coordinator.ts';
import { threadStateOf } from '../coordinator/inspect.ts';
import type { Inspection } from '../coordinator/inspection.ts';
import { Memory } from '../coordinator/memory.ts';
import type { Readers } from '../coordinator/readers.ts';
import { staleIn, totalOf } from '../coordinator/stats.ts';
import { PoolClosedError, PoolOpenError, ThreadError } from '../errors.ts';
import { type ThreadEvent, threadsSeen } from '../events/channels.ts';
import type { CacheAccess, FunctionStats } from '../protocol.ts';
import { messageMs } from '../report/message-cost.ts';
import type { PoolReport } from '../report/pool-report.ts';
import { reportOf } from '../report/report.ts';
import { queueMicrotask } from '../runtime/globals.ts';
import { ensureHeadroom, ensureMuchHeadroom, hasHeadroom } from '../runtime/headroom.ts';
import { marksToForget } from '../tags/tags.ts';
import { planFaults } from '../testing/computation-faults.ts';
import { randomOf } from '../testing/random.ts';
import { SharedClock } from '../testing/shared-clock.ts';
import { Warnings } from '../text/warnings.ts';
import type { TierChain } from '../tiers/chain.ts';
import { Attached } from './attached.ts';
import { BrokenModules } from './broken-modules.ts';
import { type Health, healthOf } from './health.ts';
import { LocalPeer } from './local-peer.ts';
import { LocalSide } from './local-side.ts';
import { NO_THREADS } from './no-threads.ts';
import { openTiers } from './open-tiers.ts';
import {
  type CloseOptions,
  checkWorker,
  drainOf,
  type PoolOptions,
  type ResolvedPoolOptions,
  resolvePoolOptions,
} from './pool-options.ts';
import type { PoolStats } from './pool-stats.ts';
import { offerView } from './pool-view.ts';
import { type Readings, setReadings } from './readings.ts';
import { readAhead, receive } from './receive.ts';
import { reportAtExit } from './report-at-exit.ts';
import type { ThreadPeer } from './thread-peer.ts';
import { type PeerEvents, type ThreadEvents, Threads } from './threads.ts';
import { Uncaught } from './uncaught.ts';

/** An open pool of worker threads, with its cache. See `createPool`. */
export class MemoPool {
  readonly options: Readonly<ResolvedPoolOptions>;
  readonly #coordinator: Coordinator;
  readonly #memory: Memory;
  readonly #threads: Threads | typeof NO_THREADS;
  readonly #attached: Attached;
  readonly #tiers: TierChain;
  readonly #own: LocalPeer;
  readonly #local: LocalSide;
  readonly #warnings = new Warnings(systemClock);
  readonly #uncaught = new Uncaught(this.#warnings, systemClock);
  readonly #leaveReport: (() => void) | undefined;
  readonly #openedAt = systemClock.now();
  readonly #closeView: () => void;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedPoolOptions) {
    this.options = options;
    const called = (id: string) => coordinator.functions.get(id);
    this.#tiers = openTiers(options, called, systemClock, this.#warnings);
    planFaults(options.faults);
    const time = options.clock && new SharedClock(options.clock);
    this.#memory = new Memory(options, time ?? systemClock, (id, text) =>
      this.#warnings.warn(`${id} is not kept`, text),
    );
    const brokenModules = new BrokenModules(systemClock);
    const { readers } = this.#memory;
    this.#own = new LocalPeer(systemClock, {
      began: (lease) => coordinator.began(lease),
      ended: (outcome) => coordinator.settle(outcome),
      blocked: ({ id }, ms) => {
        if (options.threads > 0) this.#warnings.warn(`${id} blocks`, blocksWords(id, ms));
      },
    });
    const begun = options.tiers.length > 0 || options.off ? undefined : new BegunKeys();
    this.#memory.begun = begun;
    const coordinator = new Coordinator({
      begun,
      own: this.#own,
      clock: systemClock,
      warnOfRefresh: (id, text) => this.#warnings.warn(`${id} is not refreshed`, text),
      ...(time && { time, random: randomOf(1) }),
      memory: this.#memory,
      tiers: this.#tiers,
      supply: {
        want: (count) => this.#threads.want(count),
        spare: () => this.#threads.spare,
        replaces: (peer, { fn }) => brokenModules.replaces(peer, fn.info.module),
      },
      attempts: options.attempts,
      maxQueue: options.maxQueue,
      threads: options.threads,
      off: options.off,
      explain: options.explain,
      persistentTier: options.tiers.find(({ persistent }) => persistent)?.name,
    });
    this.#coordinator = coordinator;
    begun?.listen((slot) => {
      for (const peer of this.#peers())
        if (slot === undefined || peer.slot === slot) readAhead(coordinator, peer, peer.unread());
    });
    const moduleOf = (lease: number) => coordinator.computation(lease)?.flight.fn.info.module;
    const threadEvents: PeerEvents = {
      arrived: (peer) => {
        tellOfThread(peer, 'started');
        shareWith(peer, readers, { faults: options.faults, begun: begun?.share });
      },
      received: (peer, message) => {
        brokenModules.hear(peer, message, moduleOf);
        receive(coordinator, peer, message);
      },
      died: (peer, cause) => {
        tellOfThread(peer, peer.replaced ? 'replaced' : 'died', cause);
        if (peer.slot !== undefined) readers.leave(peer.slot);
        coordinator.died(peer, cause);
      },
    };
    this.#attached = new Attached(threadEvents);
    const poolEvents: ThreadEvents = {
      ...threadEvents,
      died: (peer, cause) =>
        this.#uncaught.watch(peer, cause, () => threadEvents.died(peer, cause)),
      shiftBegins: (peer) => coordinator.employ(peer),
      shiftEnds: (peer) => coordinator.dismiss(peer),
      stranded: (cause) => coordinator.stranded(cause),
      blocked: () => this.#uncaught.blocked(),
    };
    this.#threads =
      options.threads > 0 ? new Threads(options, systemClock, poolEvents) : NO_THREADS;
    const local = new LocalSide(coordinator, this.#own, readers, systemClock);
    this.#tiers.listen((from, what) => {
      const hear = () => coordinator.heard(from, what);
      // A tier of the user's may tell it on any stack.
      if (hasHeadroom()) hear();
      else queueMicrotask(hear);
    });
    this.#local = local;
    installSide(local);
    setReadings(() => local.step(() => this.#readings()));
    this.#closeView = offerView(this, {
      coordinator,
      local,
      peers: () => this.#peers(),
    });
    const { reportPlace } = options;
    if (reportPlace !== undefined)
      this.#leaveReport = reportAtExit(reportPlace, () => this.#report());
  }

  /** The counters of all functions and their sums since the pool was opened; a copy. */
  stats(): PoolStats {
    return this.#local.step(() => this.#stats());
  }

  #stats(): PoolStats {
    const coordinator = this.#coordinator;
    const functions: Record<string, FunctionStats> = {};
    for (const fn of coordinator.functions.values())
      functions[fn.info.id] = coordinator.statsOf(fn);
    // Of the fastest tier, what threads have read there by themselves.
    let records = 0;
    for (const fn of coordinator.functions.values())
      records += this.#memory.readers.hits(fn).records;
    const tiers = [...this.#tiers.stats].map(([{ name }, stats], at) => [
      name,
      at === 0 ? { ...stats, hits: stats.hits + records } : { ...stats },
    ]);
    return {
      ...totalOf(Object.values(functions)),
      functions,
      memory: this.#memory.usage(),
      near: this.#memory.readers.near(),
      tiers: Object.fromEntries(tiers),
      threads: this.#threads.count,
      threadsLost: this.#threads.lost,
      uncaught: this.#uncaught.count,
      attached: this.#attached.peers.length,
      queued: coordinator.queued,
    };
  }

  #readings(): Readings {
    const coordinator = this.#coordinator;
    const threads = { busy: 0, awaiting: 0, blocked: 0, idle: 0 };
    for (const peer of this.#threads.peers) threads[threadStateOf(peer)]++;
    const functions = [...coordinator.functions.values()].map((fn) => {
      const { completed, evictedFor } = fn.counters;
      const { info, times, counters } = fn;
      const hits = this.#memory.readers.hits(fn);
      const its = { stats: counters.snapshot(hits), staleIn: staleIn(counters, hits), times };
      return { info, ...its, completed, evictedFor };
    });
    const { queued, waits } = coordinator;
    return { functions, tiers: [...this.#tiers.upOrNot()], threads, queued, waits };
  }

  /**
   * Which memos pay: what each function has spent and saved, what its memo itself costs, and how often a
   * value must be asked for; and findings, each with its figure and what to change. As data, and as `text`.
   * Has no keys and no values in it. What a memo costs is measured at few calls that find nothing, so
   * measuring costs nothing; takes a millisecond, and sends no message.
   * @example
   * console.log(pool.report().text);
   */
  report(): PoolReport {
    return this.#local.step(() => this.#report());
  }

  #report(): PoolReport {
    this.#local.measure();
    const coordinator = this.#coordinator;
    const cost = this.options.threads > 0 ? messageMs() : 0;
    const ms = systemClock.now() - this.#openedAt;
    const threadMs = ms * (this.options.threads + 1);
    const functions = [...coordinator.functions.values()].map((fn) => ({
      fn,
      stats: coordinator.statsOf(fn),
      messageMs: cost,
      threadMs,
    }));
    return reportOf({ functions, ms, limits: this.options });
  }

  /**
   * What is under way now: which keys are being computed, since when, by which thread, and how many calls
   * wait for each; and what each thread does. For debugging: a call that is never answered is here,
   * with all that is known of it. Nothing is copied but numbers and texts; takes time in proportion to
   * what is under way, and sends no message.
   * @example
   * const old = pool.inspect().flights.filter(({ ageMs }) => ageMs > 60_000);
   */
  inspect(): Inspection {
    return this.#local.step(() => this.#coordinator.inspect(this.#peers()));
  }

  #peers(): ThreadPeer[] {
    return [...this.#threads.peers, ...this.#attached.peers];
  }

  /**
   * Has a worker share the cache that other code has started: another pool, or `new Worker()`.
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
   * calls that a task makes: what it leaves under way goes on with its next task, and a call that wants
   * the same value waits until then.
   * @throws {OptionError} when it is no `Worker`. @throws {PoolClosedError}
   * @throws {ThreadError} when the worker has exited; when it uses a cache of its own already; when
   * it was started before the first `memoize()` or `createPool()` of this thread.
   * @example
   * const tinypool = new Tinypool({ filename });
   * await Promise.all(tinypool.threads.map(({ thread }) => pool.attach(thread)));
   * @example
   * // Whatever worker this thread will start.
   * process.on('worker', (worker) => pool.attach(worker));
   */
  async attach(worker: Worker): Promise<void> {
    checkWorker(worker);
    ensureHeadroom();
    if (this.#coordinator.closed)
      throw new PoolClosedError('the pool was closed: it has no cache to share');
    await this.#attached.attach(worker);
  }

  /** Forgets every value of every function. Settles when no tier answers with an old one. */
  async clear(): Promise<void> {
    await this.#local.step(() => this.#coordinator.invalidate());
  }

  /**
   * Forgets every entry that has one of the tags, of all functions, in the memory of all threads at once
   * and in every tier; where a tier connects processes, in those, too. What is being computed and turns
   * out to have one of the tags answers those who asked before, and is kept nowhere. Settles when no
   * later call is answered with such a value. The same as the function `invalidateTags`, which works on any thread.
   * @throws {OptionError} for what is no text.
   */
  async invalidateTags(...tags: string[]): Promise<void> {
    const marks = marksToForget('tags', tags);
    await this.#local.invalidateTags(marks);
  }

  /**
   * Makes every entry that has one of the tags stale now, as if its `ttl` had just ended: within
   * `staleWhileRevalidate` and `staleIfError` of its function it is still answered, and without either it is
   * forgotten. The same as the function `expireTags`, which works on any thread.
   * @throws {OptionError} for what is no text.
   */
  async expireTags(...tags: string[]): Promise<void> {
    const marks = marksToForget('tags', tags);
    await this.#local.expireTags(marks);
  }

  /**
   * Rejects the calls of this thread that were not begun yet with `PoolClosedError`, and lets what
   * runs come to its end: before an orderly `close()`. Later calls are answered as before.
   */
  withdraw(): void {
    this.#local.step(() => this.#coordinator.withdraw());
  }

  /**
   * Ends the pool: every call that waits, and every later one, is rejected with
   * `PoolClosedError`; the threads are ended, but for those that were attached; what the tiers have not written yet is written. A
   * tier that does not answer within `tierTimeout` is not waited for.
   *
   * With `drain`, what is wanted may end first; `close()` without it, called meanwhile, waits no longer.
   * @throws {OptionError} @example
   * process.once('SIGTERM', () => pool.close({ drain: '10s' }));
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const ms = drainOf(options);
    if (ms === 0) this.#coordinator.stopDraining();
    this.#closing ??= ms > 0 ? this.#drain(ms) : this.#local.step(() => this.#close());
    return await this.#closing;
  }

  /** Whether it can answer calls now, and why not: for a readiness probe. Sends no message. */
  health(): Health {
    return this.#local.step(() =>
      healthOf(
        this.#coordinator,
        { up: [...this.#threads.peers].length, wanted: this.options.threads },
        this.#tiers.upOrNot(),
      ),
    );
  }

  /** Closes the pool, as `close()` does: for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #drain(ms: number): Promise<void> {
    await this.#local.step(() => this.#coordinator.drain(ms));
    await this.#local.step(() => this.#close());
  }

  async #close(): Promise<void> {
    this.#leaveReport?.();
    this.#local.close();
    this.#own.close();
    setReadings(undefined);
    this.#closeView();
    planFaults(undefined);
    const answered = this.#coordinator.close();
    this.#attached.close();
    mayBelong();
    await answered;
    await this.#threads.destroy();
    await this.#tiers.close();
    this.#warnings.close();
  }
}

function blocksWords(id: string, ms: number): string {
  return (
    `a computation of ${id} has kept the main thread busy for ${Math.round(ms)} ms, in which it could do ` +
    "nothing else. What uses the processor belongs in a worker thread: thread: 'pool', the default."
  );
}

function tellOfThread(
  { threadId }: ThreadPeer,
  state: ThreadEvent['state'],
  cause?: unknown,
): void {
  if (!threadsSeen.hasSubscribers) return;
  const event: ThreadEvent = { threadId, state, cause };
  threadsSeen.publish(event);
}

/** A thread for which there is no place left asks for everything. */
function shareWith(
  peer: ThreadPeer,
  readers: Readers,
  more: Pick<CacheAccess, 'faults' | 'begun'>,
): void {
  const reading = readers.join();
  peer.slot = reading?.slot;
  if (reading) peer.post({ type: 'cache', reading: { ...reading, ...more } });
}

/**
 * Opens the pool of this thread.
 * @throws {PoolOpenError} when one is open. @throws {ThreadError} in a thread that uses another's.
 */
export function openPool(options: PoolOptions): MemoPool {
  const side = installedSide();
  if (side?.kind === 'pool') {
    throw new ThreadError(
      'createPool() was called in a worker thread of a pool. The thread has loaded the module that ' +
        'starts the application, because a memoized function is defined there: move the function ' +
        'to a module of its own, or start the application only if isMainThread (node:worker_threads).',
    );
  }
  ensureMuchHeadroom();
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
