/**
 * The pool's threads: Piscina starts, feeds and replaces them; here they get their ports.
 *
 * A thread is known from the moment that Piscina gives it a task or that it says hello, whichever
 * is first. It is dead once both its port has closed (all that it has said was heard then) and its
 * `exit` was seen (so that the cause is known). A thread that dies before its hello is noticed by
 * the rejection of its task.
 *
 * Piscina gives up starting threads once one has died while it started, and then leaves queued
 * tasks alone for ever; `#rescue` notices, and says that what waits is stranded.
 */

import { createRequire } from 'node:module';
import type { MessagePort, Worker } from 'node:worker_threads';
import type { FixedQueue, Piscina } from 'piscina';
import type { ResolvedPoolOptions } from '../options.ts';
import type { Hello, Outcome, Task, ToCoordinator } from '../protocol.ts';
import type { Lease, Peer } from './flight.ts';
import { ThreadPeer } from './thread-peer.ts';

/** What threads need, and what there is to know of them. */
export interface ThreadEvents {
  /** How many flights wait. */
  waiting(): number;
  /** The leases for what this thread is to do now; none when nothing waits any more. */
  begin(peer: Peer): Lease[];
  received(peer: Peer, message: ToCoordinator): void;
  /** A computation has ended with this outcome. */
  settled(outcome: Outcome): void;
  /** A task has failed, in a thread whose death nothing else will report. */
  lost(lease: Lease, cause: unknown): void;
  /** There is no thread for what waits, and none can be started. */
  stranded(cause: unknown): void;
  died(peer: Peer, cause: unknown): void;
}

/**
 * A place in Piscina's queue. What it stands for is decided when a thread is chosen for it, so that
 * a flight can leave our backlog until then, and a thread that has just finished still gets its next
 * work from Piscina in the same turn.
 */
interface Ticket {
  readonly tasks: Task[];
  leases: Lease[];
  peer: ThreadPeer | undefined;
}

/** Loaded when a pool is opened, because worker threads load this module too, and never open one. */
const loadPiscina = () => createRequire(import.meta.url)('piscina') as typeof import('piscina');

const ENTRY = new URL('../../workers/pool.js', import.meta.url);

export class Threads {
  readonly #events: ThreadEvents;
  readonly #threads: number;
  readonly #piscina: Piscina;
  readonly #queue: FixedQueue;
  /** Piscina's place for what a task tells its balancer. */
  readonly #ticketOf: typeof import('piscina').queueOptionsSymbol;
  readonly #peers = new Map<number, ThreadPeer>();
  /** Tickets in Piscina's queue. */
  #queued = 0;
  #lastError: unknown;
  /** Threads that have died since the pool was opened, replaced ones included. */
  lost = 0;

  constructor({ threads, worker }: ResolvedPoolOptions, events: ThreadEvents) {
    this.#events = events;
    this.#threads = threads;
    const piscina = loadPiscina();
    this.#ticketOf = piscina.queueOptionsSymbol;
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
      loadBalancer: (task, workers) => this.#choose(task, workers),
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

  /** Sees to it that threads ask for what waits: now if they are free, or when they become so. */
  feed(): void {
    while (this.#queued < Math.min(this.#events.waiting(), this.#threads)) this.#queueTicket();
  }

  /** Ends all threads; what they were computing fails. */
  destroy(): Promise<void> {
    return this.#piscina.destroy();
  }

  #queueTicket(): void {
    const ticket: Ticket = { tasks: [], leases: [], peer: undefined };
    this.#queued++;
    this.#piscina.run({ tasks: ticket.tasks, [this.#ticketOf]: ticket }).then(
      // What is missing came over the port, or it will: the thread had more to say before it.
      (outcomes: Outcome[]) => outcomes.forEach((outcome) => void this.#events.settled(outcome)),
      (cause) => this.#failed(ticket, cause),
    );
  }

  /** Piscina's balancer: called when the ticket's turn has come, and posts its tasks right after. */
  #choose(task: PiscinaTask, workers: PiscinaWorker[]): PiscinaWorker | null {
    const worker = workers.find(({ currentUsage }) => currentUsage === 0);
    if (!worker) return null;
    this.#queued--;
    this.#fill(task[this.#ticketOf] as unknown as Ticket, this.#peer(worker.id));
    if (this.#events.waiting() > 0) queueMicrotask(() => this.feed());
    return worker;
  }

  #fill(ticket: Ticket, peer: ThreadPeer): void {
    ticket.peer = peer;
    ticket.leases = this.#events.begin(peer);
    for (const { id, flight } of ticket.leases) {
      const { fn, args = [] } = flight;
      const task = { lease: id, fn: fn.number, args };
      ticket.tasks.push(peer.knows(fn) ? task : { ...task, define: fn.info });
    }
  }

  #peer(threadId: number): ThreadPeer {
    const known = this.#peers.get(threadId);
    if (known) return known;
    const peer = new ThreadPeer(threadId, () => this.#terminate(threadId));
    this.#peers.set(threadId, peer);
    return peer;
  }

  #worker(threadId: number): Worker | undefined {
    return this.#piscina.threads.find((worker) => worker.threadId === threadId);
  }

  #terminate(threadId: number): void {
    void this.#worker(threadId)?.terminate();
  }

  #hello(message: Hello<MessagePort>): void {
    if (message?.type !== 'threadmemo:hello') return;
    const { threadId, port, mail } = message;
    const peer = this.#peer(threadId);
    const worker = this.#worker(threadId);
    let cause: unknown;
    worker?.once('error', (error) => {
      cause = error;
    });
    const exited = worker && new Promise<number>((resolve) => worker.once('exit', resolve));
    port.on('message', (said: ToCoordinator) => this.#events.received(peer, said));
    port.once('close', async () => {
      const code = await exited;
      this.#dead(threadId, peer, cause ?? new Error(`the thread exited with code ${code}`));
    });
    port.unref();
    peer.attach(port, mail);
  }

  #dead(threadId: number, peer: ThreadPeer, cause: unknown): void {
    this.#peers.delete(threadId);
    this.lost++;
    this.#events.died(peer, cause);
  }

  #rescue(cause: unknown): void {
    this.#lastError = cause ?? this.#lastError;
    if (this.count > 0 || this.#queue.size === 0) return;
    while (this.#queue.size > 0) this.#queue.shift();
    this.#queued = 0;
    this.#events.stranded(this.#lastError);
  }

  /** A ticket without a thread was still queued when the pool was closed. */
  #failed({ leases, peer }: Ticket, cause: unknown): void {
    if (!peer) return;
    const seenAtPort = peer.attached && !peer.gone && !this.#worker(peer.threadId);
    if (seenAtPort) return;
    if (!this.#worker(peer.threadId)) this.#peers.delete(peer.threadId);
    for (const lease of leases) this.#events.lost(lease, cause);
  }
}

type PiscinaTask = Parameters<NonNullable<Balancer>>[0];
type PiscinaWorker = Parameters<NonNullable<Balancer>>[1][number];
type Balancer = NonNullable<ConstructorParameters<typeof Piscina>[0]>['loadBalancer'];
