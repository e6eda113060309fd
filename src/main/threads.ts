/**
 * The pool's threads: Piscina starts and replaces them; here they get their ports and their shifts.
 *
 * A task of Piscina's is a shift: the time in which a thread takes work from its port. Shifts are
 * asked for when there is work for more threads, and `shifts.ts` says when one is over. Between them
 * the thread sleeps in Piscina's hands, and does not keep the process alive.
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
import { type ShiftEvents, Shifts } from './shifts.ts';
import { ThreadPeer } from './thread-peer.ts';

/** What becomes of a thread, whoever has started it. */
export interface PeerEvents {
  /** It has said hello. */
  arrived(peer: ThreadPeer): void;
  received(peer: Peer, message: ToCoordinator): void;
  died(peer: ThreadPeer, cause: unknown): void;
}

/** What becomes of the pool's threads. */
export interface ThreadEvents extends PeerEvents, ShiftEvents {
  /** There is no thread for what waits, and none can be started. */
  stranded(cause: unknown): void;
}

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
  readonly #shifts: Shifts;
  /** Shifts that Piscina has no thread for yet. */
  #queued = 0;
  #lastError: unknown;
  /** Threads that have died since the pool was opened, replaced ones included. */
  lost = 0;

  constructor({ threads, worker }: ResolvedPoolOptions, clock: Clock, events: ThreadEvents) {
    this.#events = events;
    this.#threads = threads;
    this.#clock = clock;
    this.#shifts = new Shifts(clock, events);
    const piscina = loadPiscina();
    this.#queue = new piscina.FixedQueue();
    const { execArgv, env, resourceLimits } = worker;
    this.#piscina = new piscina.Piscina({
      filename: ENTRY.href,
      name: 'shift',
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
    return this.#threads - this.#shifts.size;
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
    this.#shifts.give(worker.id, this.#peers.get(worker.id));
    return worker;
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
    this.#shifts.arrived(peer);
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
    if (!peer.gone) this.#shifts.stays(peer);
  }

  #dead(peer: ThreadPeer, cause: unknown): void {
    this.#peers.delete(peer.threadId);
    this.#shifts.end(peer);
    this.lost++;
    this.#events.died(peer, cause);
  }

  /** A thread has died on shift. If it had not even said hello, nothing else tells. */
  #failed(cause: unknown): void {
    const ids = new Set(this.#piscina.threads.map(({ threadId }) => threadId));
    for (const threadId of this.#shifts.early()) {
      if (ids.has(threadId)) continue;
      this.#shifts.drop(threadId);
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
