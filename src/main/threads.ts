/**
 * The pool's threads: Piscina starts, feeds and replaces them; here they get their ports.
 *
 * A thread is known from the moment that Piscina gives it a task or that it says hello, whichever
 * is first. It is dead once both its port has closed (all that it has said was heard then) and its
 * `exit` was seen (so that the cause is known). A thread that dies before its hello is noticed by
 * the rejection of its task.
 *
 * Piscina gives up starting threads once one has died while it started, and then leaves queued
 * tasks alone for ever; `#rescue` notices, and reports these tasks as lost.
 */

import { createRequire } from 'node:module';
import type { MessagePort, Worker } from 'node:worker_threads';
import type { Piscina, TaskQueue } from 'piscina';
import type { ResolvedPoolOptions } from '../options.ts';
import type { Hello, Outcome, ToCoordinator, ToThread } from '../protocol.ts';
import type { Job } from './dispatcher.ts';
import type { FunctionRecord } from './entry.ts';
import type { Flight, Lease, Peer } from './flight.ts';

/** What there is to know of threads and their tasks. */
export interface ThreadEvents {
  /** A thread was chosen for the job: the lease for it. */
  begin(flight: Flight, peer: Peer): Lease;
  received(peer: Peer, message: ToCoordinator): void;
  /** A task has ended with this outcome. */
  settled(outcome: Outcome): void;
  /** A task has ended without an outcome, in a thread whose death nothing else will report. */
  lost(lease: Lease, cause: unknown): void;
  /** There is no thread for what waits, and none can be started. */
  stranded(cause: unknown): void;
  died(peer: Peer, cause: unknown): void;
}

/** Loaded when a pool is opened, because worker threads load this module too, and never open one. */
const loadPiscina = () => createRequire(import.meta.url)('piscina') as typeof import('piscina');

/**
 * Work that a thread may have ahead of it, by what its functions took lately: about what it costs
 * to wake the thread twice. Whatever takes longer is handed out one by one, to whoever is free.
 */
const AHEAD_MS = 0.2;

const ENTRY = new URL('../../workers/pool.js', import.meta.url);

export class Threads {
  readonly #events: ThreadEvents;
  readonly #piscina: Piscina;
  readonly #queue: TaskQueue;
  /** Piscina's place for what a task tells its queue and its balancer. */
  readonly #job: typeof import('piscina').queueOptionsSymbol = loadPiscina().queueOptionsSymbol;
  readonly #peers = new Map<number, ThreadPeer>();
  #lastError: unknown;
  /** Threads that have died since the pool was opened, replaced ones included. */
  lost = 0;

  constructor({ threads, worker }: ResolvedPoolOptions, queue: TaskQueue, events: ThreadEvents) {
    this.#events = events;
    this.#queue = queue;
    const { execArgv, env, resourceLimits } = worker;
    this.#piscina = new (loadPiscina().Piscina)({
      filename: ENTRY.href,
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: Number.MAX_SAFE_INTEGER,
      recordTiming: false,
      taskQueue: queue,
      stricterFIFO: true,
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

  /** Gives a job to a thread that is free, or to the queue. */
  run(job: Job): void {
    this.#piscina.run(Object.assign(job.task, { [this.#job]: job })).then(
      (outcome: Outcome | undefined) => {
        peerOf(job)?.finish(job);
        // Without one it came over the port, or it will: the thread had more to say before it.
        if (outcome) this.#events.settled(outcome);
      },
      (cause) => this.#failed(job, cause),
    );
  }

  /** The job behind a task of Piscina's. */
  jobOf(task: QueuedTask): Job {
    return task[this.#job] as unknown as Job;
  }

  /** Ends all threads; what they were computing fails. */
  destroy(): Promise<void> {
    return this.#piscina.destroy();
  }

  /** Piscina's balancer: called when the task can be posted right away. */
  #choose(task: PiscinaTask, workers: PiscinaWorker[]): PiscinaWorker | null {
    const job = this.jobOf(task);
    let best: PiscinaWorker | null = null;
    let least = AHEAD_MS - job.flight.fn.typicalMs;
    for (const worker of workers) {
      // By Piscina's own count: it has taken a task off before the job's promise tells us.
      const isFree = worker.currentUsage === 0;
      const { aheadMs } = this.#peer(worker.id);
      if (!isFree && aheadMs >= least) continue;
      best = worker;
      least = aheadMs;
      if (isFree) break;
    }
    if (best) this.#give(job, this.#peer(best.id));
    return best;
  }

  #give(job: Job, peer: ThreadPeer): void {
    job.lease = this.#events.begin(job.flight, peer);
    peer.take(job);
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
    if (this.count === 0 && this.#queue.size > 0) this.#events.stranded(this.#lastError);
  }

  /** A job that has no lease was still queued when the pool was closed. */
  #failed(job: Job, cause: unknown): void {
    const peer = peerOf(job);
    if (!job.lease || !peer) return;
    const seenAtPort = peer.attached && !peer.gone && !this.#worker(peer.threadId);
    if (!seenAtPort) this.#events.lost(job.lease, cause);
  }
}

type QueuedTask = Parameters<TaskQueue['push']>[0];
type PiscinaTask = Parameters<NonNullable<Balancer>>[0];
type PiscinaWorker = Parameters<NonNullable<Balancer>>[1][number];
type Balancer = NonNullable<ConstructorParameters<typeof Piscina>[0]>['loadBalancer'];

function peerOf({ lease }: Job): ThreadPeer | undefined {
  return lease?.peer as ThreadPeer | undefined;
}

class ThreadPeer implements Peer {
  readonly leases = new Set<Lease>();
  readonly calls: Peer['calls'] = new Map();
  gone = false;
  replaced = false;
  readonly threadId: number;
  /** What the tasks that it has are thought to take. */
  aheadMs = 0;
  readonly terminate: () => void;
  #port: MessagePort | undefined;
  #mail: Int32Array | undefined;
  /** Functions whose numbers the thread knows. */
  readonly #told = new Set<FunctionRecord>();
  /** Said before the thread's hello. */
  readonly #waiting: ToThread[] = [];

  constructor(threadId: number, terminate: () => void) {
    this.threadId = threadId;
    this.terminate = terminate;
  }

  take(job: Job): void {
    const { fn } = job.flight;
    job.expectedMs = Math.min(fn.typicalMs, AHEAD_MS);
    job.task.lease = job.lease?.id ?? 0;
    if (!this.#told.has(fn)) job.task.define = fn.info;
    this.#told.add(fn);
    this.aheadMs += job.expectedMs;
  }

  finish(job: Job): void {
    this.aheadMs -= job.expectedMs;
  }

  /** Whether the death of the thread will be seen at its port. */
  get attached(): boolean {
    return this.#port !== undefined;
  }

  attach(port: MessagePort, mail: SharedArrayBuffer): void {
    this.#port = port;
    this.#mail = new Int32Array(mail);
    for (const message of this.#waiting.splice(0)) this.post(message);
  }

  post(message: ToThread): void {
    if (!this.#port || !this.#mail) return void this.#waiting.push(message);
    this.#port.postMessage(message);
    Atomics.add(this.#mail, 0, 1);
    Atomics.notify(this.#mail, 0);
  }
}
