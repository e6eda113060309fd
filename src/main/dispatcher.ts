/**
 * The backlog: flights that wait for a free thread, first come, first served.
 *
 * It is Piscina's own task queue, so a thread that has just finished gets its next task without a
 * detour; and it is ours, so that a flight can leave it: taken over by a thread that wants it,
 * dropped when nobody wants it any more, or put first when its thread has died.
 */

import type { TaskQueue } from 'piscina';
import { type Link, LinkedList } from '../linked-list.ts';
import type { Task } from '../protocol.ts';
import type { Flight, Lease } from './flight.ts';
import type { Backlog } from './flights.ts';

/** A flight on its way to a thread. */
export interface Job {
  readonly flight: Flight;
  /** Its thread has died before; it goes first. */
  readonly again: boolean;
  /** What is sent to the thread, completed when that is chosen. */
  readonly task: { -readonly [Field in keyof Task]: Task[Field] };
  /** Since a thread was chosen for it. */
  lease: Lease | undefined;
  /** What it was thought to take when it was handed over. */
  expectedMs: number;
}

/** Piscina's object for a task; `Job` is what it carries for its queue and its balancer. */
type QueuedTask = Parameters<TaskQueue['push']>[0];

interface Waiting {
  readonly flight: Flight;
  readonly task: QueuedTask;
}

export class Dispatcher implements Backlog, TaskQueue {
  readonly #waiting = new LinkedList<Waiting>();
  readonly #links = new Map<Flight, Link<Waiting>>();
  readonly #maxQueue: number;
  readonly #run: (job: Job) => void;
  readonly #jobOf: (task: QueuedTask) => Job;

  /**
   * @param run hands a job to Piscina, which starts it at once or pushes it here.
   * @param jobOf finds the job again in what is pushed.
   */
  constructor(maxQueue: number, run: (job: Job) => void, jobOf: (task: QueuedTask) => Job) {
    this.#maxQueue = maxQueue;
    this.#run = run;
    this.#jobOf = jobOf;
  }

  /** Flights that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  enqueue(flight: Flight, again: boolean): boolean {
    const task = { lease: 0, fn: flight.fn.number, args: flight.args ?? [] };
    this.#run({ flight, again, task, lease: undefined, expectedMs: 0 });
    if (again || !this.#links.has(flight) || this.size <= this.#maxQueue) return true;
    this.withdraw(flight);
    return false;
  }

  withdraw(flight: Flight): void {
    const link = this.#links.get(flight);
    if (!link) return;
    this.#links.delete(flight);
    this.#waiting.remove(link);
  }

  /** Takes out everything that waits. */
  withdrawAll(): Flight[] {
    const flights = [...this.#links.keys()];
    for (const flight of flights) this.withdraw(flight);
    return flights;
  }

  push(task: QueuedTask): void {
    const { flight, again } = this.#jobOf(task);
    const waiting = { flight, task };
    const link = again ? this.#waiting.pushFront(waiting) : this.#waiting.pushBack(waiting);
    this.#links.set(flight, link);
  }

  unshift(task: QueuedTask): void {
    const { flight } = this.#jobOf(task);
    this.#links.set(flight, this.#waiting.pushFront({ flight, task }));
  }

  shift(): QueuedTask | null {
    const next = this.#waiting.front;
    if (next) this.withdraw(next.flight);
    return next?.task ?? null;
  }

  remove(task: QueuedTask): void {
    this.withdraw(this.#jobOf(task).flight);
  }
}
