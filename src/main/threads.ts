/**
 * The pool's threads: Piscina starts and replaces them; here they get their ports and their shifts.
 *
 * A task of Piscina's is a shift: the time in which a thread takes work from its port. Shifts are
 * begun when there is work for more threads, and ended when a thread has had none for a while.
 * Between them the thread sleeps in Piscina's hands, and does not keep the process alive.
 *
 * A thread is known from its hello, which it says before Piscina gives it anything. It is dead once
 * both its port has closed (all that it has said was heard then) and its `exit` was seen (so that
 * the cause is known).
 *
 * Piscina gives up starting threads once one has died while it started, and then leaves queued
 * tasks alone for ever; `#rescue` notices, and says that what waits is stranded.
 */

import { createRequire } from 'node:module';
import { type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import type { FixedQueue, Piscina } from 'piscina';
import type { Clock } from '../clock.ts';
import { overPort } from '../line.ts';
import type { Hello, ToCoordinator } from '../protocol.ts';
import type { Peer } from './flight.ts';
import type { ResolvedPoolOptions } from './pool-options.ts';
import { ThreadPeer } from './thread-peer.ts';

/** What becomes of a thread, whoever has started it. */
export interface PeerEvents {
  /** It has said hello. */
  arrived(peer: ThreadPeer): void;
  received(peer: Peer, message: ToCoordinator): void;
  died(peer: ThreadPeer, cause: unknown): void;
}

/** What becomes of the pool's threads. */
export interface ThreadEvents extends PeerEvents {
  shiftBegins(peer: Peer): void;
  /** It will be told to rest, or has died. */
  shiftEnds(peer: Peer): void;
  /** There is no thread for what waits, and none can be started. */
  stranded(cause: unknown): void;
}

/** A shift ends after two looks at a thread that has nothing to do. */
const LOOK_MS = 10;
/** The same while all are busy, so that long computations leave the coordinator's thread alone. */
const LOOK_AT_BUSY_MS = 50;

/** A thread that has not started after so long is ended as it is. */
const LATE_MS = 5000;

/** Messages of one thread that are handled in one turn of the event loop. */
export const MOST_AT_ONCE = 100;

/** Loaded when a pool is opened, because worker threads load this module too, and never open one. */
const loadPiscina = () => createRequire(import.meta.url)('piscina') as typeof import('piscina');

const ENTRY = new URL('../../workers/pool.js', import.meta.url);

export class Threads {
  readonly #events: ThreadEvents;
  readonly #threads: number;
  readonly #clock: Clock;
  readonly #piscina: Piscina;
  readonly #queue: FixedQueue;
  readonly #peers = new Map<number, ThreadPeer>();
  /** Who waits for a thread's hello. */
  readonly #arrivals = new Map<number, () => void>();
  /** Threads on shift, by their ids, and how often they had nothing to do when we looked. */
  readonly #onShift = new Map<number, number>();
  /** Shifts that Piscina has no thread for yet. */
  #queued = 0;
  #lookAhead = false;
  #lastError: unknown;
  /** Threads that have died since the pool was opened, replaced ones included. */
  lost = 0;

  constructor({ threads, worker }: ResolvedPoolOptions, clock: Clock, events: ThreadEvents) {
    this.#events = events;
    this.#threads = threads;
    this.#clock = clock;
    const piscina = loadPiscina();
    this.#queue = new piscina.FixedQueue();
    const { execArgv, env, resourceLimits } = worker;
    this.#piscina = new piscina.Piscina({
      filename: ENTRY.href,
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
      recordTiming: false,
      taskQueue: this.#queue,
      loadBalancer: (_, workers) => this.#choose(workers),
      ...(execArgv && { execArgv: [...execArgv] }),
      ...(env && { env }),
      ...(resourceLimits && { resourceLimits }),
    });
    this.#piscina.on('message', (message) => this.#hello(message));
    // An error in a thread between its tasks. The thread is replaced; nobody waited for it.
    this.#piscina.on('error', (error) => setImmediate(() => this.#rescue(error)));
    this.#piscina.on('workerDestroy', () => setImmediate(() => this.#rescue(undefined)));
  }

  get count(): number {
    return this.#piscina.threads.length;
  }

  /** There is work for so many more threads. */
  want(count: number): void {
    // Piscina may take each of them at once.
    for (let more = Math.min(count, this.spare) - this.#queued; more > 0; more--)
      this.#queueShift();
  }

  /** Threads that could be asked for. */
  get spare(): number {
    return this.#threads - this.#onShift.size;
  }

  /**
   * Ends all threads; what they were computing fails. Those that are just being started come to
   * themselves first: Node 20 now and then aborts the process when a thread ends while it loads.
   */
  async destroy(): Promise<void> {
    const awake = this.#clock.stayAlive();
    await Promise.all(this.#piscina.threads.map((worker) => this.#arrived(worker)));
    awake.cancel();
    await this.#piscina.destroy();
  }

  /** Settles when the thread has said hello, has ended, or is late. */
  #arrived(worker: Worker): Promise<void> {
    if (this.#peers.has(worker.threadId)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#arrivals.set(worker.threadId, resolve);
      worker.once('exit', () => resolve());
      this.#clock.after(LATE_MS, resolve);
    });
  }

  #queueShift(): void {
    this.#queued++;
    this.#piscina.run(undefined).catch((cause) => this.#failed(cause));
  }

  /** Piscina's balancer: called when a shift's turn has come, and hands it to the thread. */
  #choose(workers: PiscinaWorker[]): PiscinaWorker | null {
    const worker = workers.find(({ currentUsage }) => currentUsage === 0);
    if (!worker) return null;
    this.#queued--;
    this.#onShift.set(worker.id, 0);
    // Not at once: Piscina is in the middle of something. It may also be too early, see `#hello`.
    queueMicrotask(() => this.#begin(worker.id));
    return worker;
  }

  #begin(threadId: number): void {
    const peer = this.#peers.get(threadId);
    if (!peer || !this.#onShift.has(threadId)) return;
    this.#events.shiftBegins(peer);
    this.#lookLater();
  }

  #lookLater(): void {
    if (this.#lookAhead) return;
    this.#lookAhead = true;
    const isAnyIdle = [...this.#onShift.keys()].some((threadId) => this.#isIdle(threadId));
    this.#clock.after(isAnyIdle ? LOOK_MS : LOOK_AT_BUSY_MS, () => {
      this.#lookAhead = false;
      for (const threadId of this.#onShift.keys()) this.#look(threadId);
      if (this.#onShift.size > 0) this.#lookLater();
    });
  }

  #look(threadId: number): void {
    const peer = this.#peers.get(threadId);
    const isIdle = this.#isIdle(threadId);
    const wasIdle = this.#onShift.get(threadId) === 1;
    this.#onShift.set(threadId, isIdle ? 1 : 0);
    if (!peer || !isIdle || !wasIdle) return;
    this.#end(peer);
    peer.post({ type: 'rest' });
  }

  #isIdle(threadId: number): boolean {
    const peer = this.#peers.get(threadId);
    return peer?.leases.size === 0 && peer.calls.size === 0;
  }

  #end(peer: ThreadPeer): void {
    if (this.#onShift.delete(peer.threadId)) this.#events.shiftEnds(peer);
  }

  #worker(threadId: number): Worker | undefined {
    return this.#piscina.threads.find((worker) => worker.threadId === threadId);
  }

  #terminate(threadId: number): void {
    void this.#worker(threadId)?.terminate();
  }

  #hello(message: Hello<MessagePort>): void {
    if (message?.type !== 'threadmemo:hello') return;
    const { threadId, port, cells } = message;
    const peer = new ThreadPeer(threadId, overPort(port), cells, () => this.#terminate(threadId));
    this.#peers.set(threadId, peer);
    const worker = this.#worker(threadId);
    let cause: unknown;
    worker?.once('error', (error) => {
      cause = error;
    });
    const exited = worker && new Promise<number>((resolve) => worker.once('exit', resolve));
    port.on('message', (said: ToCoordinator) => this.#receive(port, peer, said));
    port.once('close', async () => {
      const code = await exited;
      this.#dead(peer, cause ?? new Error(`the thread exited with code ${code}`));
    });
    port.unref();
    this.#events.arrived(peer);
    this.#begin(threadId);
    this.#arrivals.get(threadId)?.();
  }

  /** Reads on what is there already: an event for each message costs more than what it says. */
  #receive(port: MessagePort, peer: ThreadPeer, first: ToCoordinator): void {
    this.#hear(peer, first);
    for (let left = MOST_AT_ONCE; left > 0; left--) {
      const next = receiveMessageOnPort(port);
      if (!next) break;
      this.#hear(peer, next.message);
    }
  }

  #hear(peer: ThreadPeer, message: ToCoordinator): void {
    if (!('type' in message) || message.type !== 'stay')
      return this.#events.received(peer, message);
    if (peer.gone) return;
    this.#onShift.set(peer.threadId, 0);
    this.#begin(peer.threadId);
  }

  #dead(peer: ThreadPeer, cause: unknown): void {
    this.#peers.delete(peer.threadId);
    this.#end(peer);
    this.lost++;
    this.#events.died(peer, cause);
  }

  /** A thread has died on shift. If it had not even said hello, nothing else tells. */
  #failed(cause: unknown): void {
    const ids = new Set(this.#piscina.threads.map(({ threadId }) => threadId));
    for (const threadId of this.#onShift.keys()) {
      if (ids.has(threadId) || this.#peers.has(threadId)) continue;
      this.#onShift.delete(threadId);
      this.#events.stranded(cause);
    }
  }

  #rescue(cause: unknown): void {
    this.#lastError = cause ?? this.#lastError;
    if (this.count > 0 || this.#queue.size === 0) return;
    while (this.#queue.size > 0) this.#queue.shift();
    this.#queued = 0;
    this.#events.stranded(this.#lastError);
  }
}

type PiscinaWorker = Parameters<Balancer>[1][number];
type Balancer = NonNullable<NonNullable<ConstructorParameters<typeof Piscina>[0]>['loadBalancer']>;
