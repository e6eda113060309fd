/**
 * A worker thread, as the coordinator sees it: what it computes, which of its calls wait, what it is
 * blocked by, and whether it is still there.
 *
 * Invariant: all of that is written here only. Others see a thread as `Peer` (`flight.ts`), whose
 * fields are read-only, and say what has happened.
 */

import { ChurnMap } from '../order/churn-map.ts';
import type { ToThread } from '../protocol.ts';
import type { FunctionRecord } from './function-record.ts';

/** What is asked of a lease here. */
interface Work {
  readonly id: number;
  /** Its computation waits for another one. */
  readonly isWaiting: boolean;
  /** Milliseconds of work that it counts for in its thread, see `queue.ts`. */
  expectedMs: number;
}

/** How the coordinator reaches a thread, and what it can read of it in shared memory. */
export abstract class PeerOf<Lease extends Work, Call extends object> {
  readonly #leases = new ChurnMap<number, Lease>();
  readonly #calls = new ChurnMap<number, Call>();
  readonly #blocking = new Set<Call>();
  readonly leases: Iterable<Lease> & { readonly size: number } = this.#leases;
  /** Its calls that wait, by the number that the thread gave them. */
  readonly calls: Pick<ChurnMap<number, Call>, 'get' | 'size' | 'values'> = this.#calls;
  /** Calls that the thread is blocked by: more than one, if an abort listener has made the last. */
  readonly blocking: ReadonlySet<Call> = this.#blocking;
  /** Leases whose computation does not wait for another one, and awaits nothing else. */
  active = 0;
  /** Leases whose computation awaits something else than another one. */
  awaiting = 0;
  /** The sum over its leases. */
  expectedMs = 0;
  /** Leases that it was sent for its own calls, so far. */
  leads = 0;
  /** Numbers that it has for leases of what it begins without asking. */
  numbers = 0;
  /** Claims that were applied before they were read, by their calls. */
  readonly #ahead = new Set<number>();
  /** It has died; its messages do not count any more. */
  gone = false;
  /** Its death is our doing, and is no fault of what it computes. */
  replaced = false;
  /** It has less to do than before. */
  canTakeMore = (): void => {};

  /** As `worker_threads` numbers it. */
  abstract readonly threadId: number;
  /** Never throws: a thread that could not be sent a message is replaced. */
  abstract post(message: ToThread): void;
  /** How many messages it was sent. */
  abstract readonly mail: number;
  /** Whether it has read that many. */
  abstract hasRead(mail: number): boolean;
  /** The lease, as cells hold it, of the innermost function that has not returned yet; 0 for none. */
  abstract readonly running: number;
  /** Of a thread that has died: the lease, as cells hold it, whose code has ended it; 0 or `OUTSIDE` for none. */
  abstract readonly endedBy: number;
  /** Sends the number of a function, unless that was done before. */
  abstract tellOf(fn: FunctionRecord): void;
  /** Whether it can be handed one more task now. */
  abstract readonly hasRoom: boolean;
  /** Makes a task of a lease, to be handed over with others, and started in this order. */
  abstract prepare(lease: Lease): void;
  /** @throws what sending them has thrown: then the thread has none of those that were prepared. */
  abstract handOver(): void;
  /** False if the thread has started it; otherwise it never will. */
  abstract takeBack(lease: Lease): boolean;
  /** Whether that can be done: it is a thread of the pool's own. */
  readonly isEndable: boolean = true;
  /** Ends the thread; the pool starts another. */
  abstract terminate(): void;

  /** A lease of this thread's, whose computation waits for nothing yet. */
  begins(lease: Lease): void {
    this.#leases.set(lease.id, lease);
    this.active++;
  }

  /** The lease has ended. */
  ends(lease: Lease, wasWaiting: boolean): void {
    this.#leases.delete(lease.id);
    if (!wasWaiting) this.active--;
    this.expectedMs -= lease.expectedMs;
    this.canTakeMore();
  }

  /** A computation starts to wait for another one. */
  pauses(): void {
    this.active--;
  }

  /** It does not wait any more. */
  goesOn(): void {
    this.active++;
  }

  /** A computation awaits something else. */
  awaits(): void {
    this.active--;
    this.awaiting++;
    this.canTakeMore();
  }

  /** It has ended, or is about to wait for another one. */
  awaitsNoMore(): void {
    this.active++;
    this.awaiting--;
  }

  expects(lease: Lease, ms: number): void {
    this.expectedMs += ms - lease.expectedMs;
    lease.expectedMs = ms;
  }

  /** It was given numbers for leases of what it begins without asking; or has used one. */
  hasNumbers(more: number): void {
    this.numbers += more;
  }

  /**
   * A claim that it has sent was applied before its turn. By the call: a thread that was too late to begin one
   * key names the same lease for the next.
   */
  appliedAhead(call: number): void {
    this.#ahead.add(call);
  }

  /** Its turn has come: whether it was applied. */
  wasAppliedAhead(call: number): boolean {
    return this.#ahead.delete(call);
  }

  /** The number of one more lease for a call of the thread's own. */
  nextLead(): number {
    return ++this.leads;
  }

  asks(number: number, call: Call): void {
    this.#calls.set(number, call);
  }

  /** The call has been answered, or has left. */
  asksNoMore(number: number): void {
    this.#calls.delete(number);
  }

  blocks(call: Call): void {
    this.#blocking.add(call);
  }

  /** Whether the call has blocked the thread; it does not any more. */
  unblocks(call: Call): boolean {
    return this.#blocking.delete(call);
  }

  /** The thread takes work, and `canTakeMore` is called whenever it may have room for more. */
  takesWork(canTakeMore: () => void): void {
    this.canTakeMore = canTakeMore;
  }

  /** The thread has died: its messages do not count any more. False when that was known. */
  dies(): boolean {
    if (this.gone) return false;
    this.gone = true;
    return true;
  }

  /** Of a thread that has died. */
  forgetCalls(): void {
    this.#calls.clear();
  }

  /** What it computes is not to blame for its death. */
  excuse(): void {
    this.replaced = true;
  }

  /** Has the pool start another thread in its place. */
  replace(): void {
    if (this.gone || this.replaced) return;
    this.replaced = true;
    this.terminate();
  }
}
