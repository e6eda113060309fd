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
 * Piscina gives up starting threads once one has died while it started, but for one at each new task,
 * and then leaves queued tasks alone for ever; `#rescue` notices, and says that what waits is stranded,
 * or tries again, if there are other threads.
 */

import type { MessagePort, Worker } from 'node:worker_threads';
import type { FixedQueue, Piscina } from 'piscina';
import { portChannel } from '../call/channel.ts';
import type { Clock } from '../clock.ts';
import type { Peer } from '../coordinator/flight.ts';
import { requireDependency, workerFile } from '../installed.ts';
import type { Hello, ToCoordinator } from '../protocol.ts';
import { queueMicrotask, setImmediate } from '../runtime/globals.ts';
import { type FaultPlan, injected, KILLED } from '../testing/fault-plan.ts';
import { BlockedThreads } from './blocked-threads.ts';
import { Ending } from './ending.ts';
import { Inbox, shareOf } from './inbox.ts';
import { print, UnreadOutput } from './output.ts';
import type { ResolvedPoolOptions } from './pool-options.ts';
import { type ShiftEvents, Shifts } from './shifts.ts';
import { ThreadPeer } from './thread-peer.ts';

/** What becomes of a thread, whichever code has started it. */
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
  /** A thread is replaced because what was left behind in it keeps it from its tasks. */
  blocked(): void;
}

/** A thread that has not started after so long is ended as it is. */
const LATE_MS = 5000;

/** Until a thread that could not be started is tried again, while others are there. */
const RESTART_MS = 500;

export class Threads {
  readonly #events: ThreadEvents;
  readonly #threads: number;
  readonly #faults: FaultPlan | undefined;
  readonly #clock: Clock;
  readonly #piscina: Piscina;
  readonly #queue: FixedQueue;
  readonly #peers = new Map<number, ThreadPeer>();
  /** The last of them has died, for `destroy()`. */
  #emptied: (() => void) | undefined;
  /** What waits for a thread's hello. */
  readonly #arrivals = new Map<number, () => void>();
  readonly #unread = new UnreadOutput();
  readonly #ending: Ending;
  readonly #shifts: Shifts;
  readonly #blocked: BlockedThreads<ThreadPeer>;
  /** Shifts that Piscina has no thread for yet. */
  #queued = 0;
  #lastError: unknown;
  #destroying = false;
  #startsAnother = false;
  /** Threads that have died since the pool was opened, replaced ones included. */
  lost = 0;

  constructor(
    { threads, worker, faults }: ResolvedPoolOptions,
    clock: Clock,
    events: ThreadEvents,
  ) {
    this.#events = events;
    this.#threads = threads;
    this.#faults = faults;
    this.#clock = clock;
    this.#shifts = new Shifts(clock, {
      shiftBegins: (peer) => {
        this.#blocked.watch();
        events.shiftBegins(peer);
      },
      shiftEnds: (peer) => events.shiftEnds(peer),
    });
    this.#blocked = new BlockedThreads<ThreadPeer>(clock, {
      threads: () => this.#peers.values(),
      areInUse: () => this.#shifts.count + this.#queued > 0,
      unbegun: (peer) => this.#unbegun(peer),
      blocked: (peer) => this.#replace(peer),
    });
    this.#ending = new Ending(clock);
    const piscina = requireDependency('piscina') as typeof import('piscina');
    this.#queue = new piscina.FixedQueue();
    const { execArgv, env, resourceLimits } = worker;
    this.#piscina = new piscina.Piscina({
      filename: workerFile(),
      name: 'shift',
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      // Else an idle thread is blocked: timers and sockets that are left in it would stand still.
      atomics: 'disabled',
      concurrentTasksPerWorker: 1,
      recordTiming: false,
      taskQueue: this.#queue,
      loadBalancer: (_, workers) => this.#choose(workers),
      ...(execArgv && { execArgv: [...execArgv] }),
      ...(env && { env }),
      ...(resourceLimits && { resourceLimits }),
    });
    this.#piscina.on('message', (message) => this.#hello(message));
    // An error in a thread between its tasks. The thread is replaced; no call waited for it.
    this.#piscina.on('error', (error) => setImmediate(() => this.#rescue(error)));
    this.#piscina.on('workerDestroy', () => setImmediate(() => this.#rescue(undefined)));
  }

  get peers(): Iterable<ThreadPeer> {
    return this.#peers.values();
  }

  get count(): number {
    return this.#piscina.threads.length;
  }

  /** There is work for so many more threads. */
  want(count: number): void {
    const asked = this.#queued + this.#shifts.coming;
    // Piscina may take each of them at once.
    for (let more = Math.min(count, this.spare) - asked; more > 0; more--) this.#queueShift();
  }

  /** Threads that are not on shift: asleep, starting, or being woken. Each takes work soon. */
  get spare(): number {
    return this.#threads - this.#shifts.begun;
  }

  /**
   * Ends all threads; what they were computing fails. Those that are just being started come to
   * themselves first: Node 20 now and then aborts the process when a thread ends while it loads.
   */
  async destroy(): Promise<void> {
    this.#destroying = true;
    this.#blocked.stop();
    const awake = this.#clock.stayAlive();
    try {
      await Promise.all(this.#piscina.threads.map((worker) => this.#arrived(worker)));
      await this.#endAll();
      await this.#piscina.destroy();
      await this.#allGone();
    } finally {
      awake.cancel();
      this.#unread.close();
    }
  }

  /** Threads that have exited are told of when their ports say so, which is a little later. */
  #allGone(): Promise<void> {
    if (this.#peers.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#emptied = resolve;
      this.#clock.after(LATE_MS, resolve);
    });
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

  /** Piscina has no thread for a queued shift: one that is off shift has not heard that it is to rest. */
  #unbegun(peer: ThreadPeer): unknown {
    if (this.#shifts.has(peer)) return peer.unbegun;
    return this.#queued > 0 ? peer.mail : undefined;
  }

  #replace(peer: ThreadPeer): void {
    if (peer.replaced) return;
    peer.replace();
    this.#events.blocked();
  }

  #queueShift(): void {
    this.#blocked.watch();
    this.#queued++;
    this.#piscina.run(undefined).catch((cause) => this.#failed(cause));
  }

  /** Piscina's balancer: called when a shift's turn has come, and hands it to the thread. */
  #choose(workers: PiscinaWorker[]): PiscinaWorker | null {
    const worker = workers.find(({ currentUsage }) => currentUsage === 0);
    if (!worker) return null;
    this.#queued--;
    queueMicrotask(() => letGo(worker));
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
    const channel = portChannel(port);
    const peer = new ThreadPeer(threadId, channel, cells, () => this.#terminate(threadId));
    this.#peers.set(threadId, peer);
    const worker = this.#worker(threadId);
    let cause: unknown;
    worker?.once('error', (error) => {
      cause = error;
    });
    const exited = worker && new Promise<number>((resolve) => worker.once('exit', resolve));
    const hear = (said: ToCoordinator) => this.#hear(peer, said);
    const inbox = new Inbox(channel, hear, this.#clock, shareOf(this.#threads));
    this.#unread.add(port, inbox);
    peer.unread = () => inbox.unread();
    port.once('close', async () => {
      const code = await exited;
      inbox.drain(() => {
        if (this.#destroying && cause === undefined) peer.excuse();
        this.#dead(peer, cause ?? this.#exited(code));
      });
    });
    this.#events.arrived(peer);
    this.#shifts.arrived(peer);
    this.#arrivals.get(threadId)?.();
  }

  #exited(code: number | undefined): Error {
    if (this.#faults && code === KILLED)
      return injected(`the thread was ended by faults({ seed: ${this.#faults.seed} })`);
    return new Error(`the thread exited with code ${code}`);
  }

  #hear(peer: ThreadPeer, message: ToCoordinator): void {
    if (!('type' in message)) return this.#events.received(peer, message);
    switch (message.type) {
      case 'stay':
        if (!peer.gone) this.#shifts.stays(peer);
        return;
      case 'output':
        return print(message);
      case 'ended':
        return this.#ending.over(peer);
      default:
        return this.#events.received(peer, message);
    }
  }

  /** A thread that is off shift reads nothing: each begins one. */
  async #endAll(): Promise<void> {
    const peers = [...this.#peers.values()];
    for (const _ of peers) this.#queueShift();
    await Promise.all(peers.map((peer) => this.#ending.tell(peer)));
  }

  #dead(peer: ThreadPeer, cause: unknown): void {
    this.#peers.delete(peer.threadId);
    this.#ending.over(peer);
    this.#shifts.end(peer);
    this.lost++;
    this.#events.died(peer, cause);
    if (this.#peers.size === 0) this.#emptied?.();
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
    if (this.#queue.size === 0) return;
    if (this.count > 0) return this.#startAnother();
    while (this.#queue.size > 0) this.#queue.shift();
    this.#queued = 0;
    this.#events.stranded(this.#lastError);
  }

  /** What waits need not wait for the threads that there are: one more task has Piscina start one. */
  #startAnother(): void {
    if (this.#startsAnother || this.count >= this.#threads) return;
    this.#startsAnother = true;
    this.#clock.after(RESTART_MS, () => {
      this.#startsAnother = false;
      if (this.#queue.size > 0 && this.count < this.#threads) this.#queueShift();
    });
  }
}

/**
 * Piscina keeps the process alive while a thread has a task, and a shift is one; but a process may end whose thread
 * refreshes what no call waits for. So calls keep it alive instead (`local-side.ts`). Nothing that Piscina
 * publishes lets go of a port. Where this finds none, a process that could end lasts as long as its shifts.
 */
function letGo(worker: object): void {
  for (const symbol of Object.getOwnPropertySymbols(worker)) {
    const { port } =
      (worker as Record<symbol, { readonly port?: MessagePort } | undefined>)[symbol] ?? {};
    port?.unref?.();
  }
}

type PiscinaWorker = Parameters<Balancer>[1][number];
type Balancer = NonNullable<NonNullable<ConstructorParameters<typeof Piscina>[0]>['loadBalancer']>;
