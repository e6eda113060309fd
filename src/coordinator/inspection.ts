/**
 * What `pool.inspect()` returns, as plain data. This file imports nothing: users' compilers read it, and
 * what it names would be published with it.
 */

/** One computation that is wanted, or that goes on. */
export interface FlightInspection {
  readonly functionId: string;
  /** As `f.key(...args)` returns it. */
  readonly key: string;
  /**
   * `probing`: the tiers are asked for the value. `limited`: as many computations of its function go on as
   * `concurrency` allows. Where a tier leases: `in line` until a thread may be
   * free, `asking` for the right to compute it, `held` while another process computes it. `queued`: it
   * waits for a thread. `leased`: a thread has it. `stopping`: a thread has it, its last waiter has left,
   * and its signal was aborted. `open`: it is about to go on, or its callers are being withdrawn.
   */
  readonly state:
    | 'open'
    | 'probing'
    | 'limited'
    | 'in line'
    | 'asking'
    | 'held'
    | 'queued'
    | 'leased'
    | 'stopping';
  /** Milliseconds since the call that has begun it. */
  readonly ageMs: number;
  /** The thread that has it, its `worker_threads.threadId`. */
  readonly threadId: number | undefined;
  /** Calls that it will answer, in all threads. */
  readonly waiters: number;
  /** A tier has leased the key to this process. */
  readonly hasTierLease: boolean;
}

/** One worker thread, an attached one included. */
export interface ThreadInspection {
  readonly threadId: number;
  /**
   * `busy`: a function runs there. `awaiting`: it has computations, and no function was seen running: they
   * wait for something, or are about to start. `blocked`: by a call of `f.sync`. `idle`: it has none.
   */
  readonly state: 'busy' | 'awaiting' | 'blocked' | 'idle';
  /** Computations that it was given, those that it has not started included. */
  readonly computations: number;
  /** Keys of the calls made there that are not answered yet, those that it computes itself included. */
  readonly calls: readonly string[];
}

/** What is under way in a pool at one moment, as plain data that the caller owns. */
export interface Inspection {
  /** In no particular order. */
  readonly flights: readonly FlightInspection[];
  readonly threads: readonly ThreadInspection[];
}
