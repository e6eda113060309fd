/** A worker thread, as the coordinator talks to it: its channel, its cells, and what it was told. */

import { inCell } from '../arena/lease-numbers.ts';
import type { Channel } from '../call/channel.ts';
import type { Lease, Waiter } from '../coordinator/flight.ts';
import type { FunctionRecord } from '../coordinator/function-record.ts';
import { PeerOf } from '../coordinator/peer.ts';
import {
  AS_BYTES,
  ENDED_BY_CELL,
  READ_CELL,
  RUNNING_CELL,
  TASK_CELLS,
  type ToCoordinator,
  type ToThread,
  type TraceContext,
} from '../protocol.ts';
import { encodeThrown } from '../values/thrown.ts';

const MAIL = 0;

export class ThreadPeer extends PeerOf<Lease, Waiter> {
  readonly threadId: number;
  readonly terminate: () => void;
  override readonly isEndable: boolean;
  readonly #channel: Channel;
  readonly #cells: Int32Array;
  /** Cell 0 counts mail. */
  #nextCell = 1;
  #prepared: Lease[] = [];
  /** Functions whose numbers the thread knows. */
  readonly #told = new Set<FunctionRecord>();
  /** Its place in the arena. */
  slot: number | undefined;
  /** What it has sent and was not read. */
  unread: () => readonly ToCoordinator[] = () => [];

  /** @param terminate of a thread of the pool's own */
  constructor(
    threadId: number,
    channel: Channel,
    cells: SharedArrayBuffer,
    terminate?: () => void,
  ) {
    super();
    this.threadId = threadId;
    this.isEndable = terminate !== undefined;
    this.terminate = terminate ?? (() => {});
    this.#channel = channel;
    this.#cells = new Int32Array(cells);
  }

  post(message: ToThread): void {
    try {
      this.#send(message);
    } catch (error) {
      this.#notSent(message, error);
    }
  }

  get mail(): number {
    return Atomics.load(this.#cells, MAIL);
  }

  /** Both counts wrap around. */
  hasRead(mail: number): boolean {
    return ((Atomics.load(this.#cells, READ_CELL) - mail) | 0) >= 0;
  }

  get running(): number {
    return Atomics.load(this.#cells, RUNNING_CELL);
  }

  get endedBy(): number {
    return Atomics.load(this.#cells, ENDED_BY_CELL);
  }

  /** Cells become free in the order in which they were taken, because tasks start in that order. */
  get hasRoom(): boolean {
    return Atomics.load(this.#cells, this.#nextCell) === 0;
  }

  /** Its first task, if it has started neither a task nor anything else. */
  get unbegun(): Lease | undefined {
    for (const { id, cell } of this.leases) {
      if (cell === 0 || Atomics.load(this.#cells, cell) !== inCell(id)) return undefined;
    }
    const [first] = this.leases;
    return first;
  }

  prepare(lease: Lease): void {
    this.tellOf(lease.flight.fn);
    lease.cell = this.#nextCell;
    this.#nextCell = (lease.cell % TASK_CELLS) + 1;
    Atomics.store(this.#cells, lease.cell, inCell(lease.id));
    this.#prepared.push(lease);
  }

  handOver(): void {
    const leases = this.#prepared;
    this.#prepared = [];
    const tasks: unknown[] = [];
    for (const lease of leases) addTask(tasks, lease);
    const contexts = contextsOf(leases);
    if (contexts.size > 0) this.#send({ type: 'contexts', of: contexts });
    this.#send(tasks);
  }

  takeBack({ id, cell }: Lease): boolean {
    const its = inCell(id);
    return cell > 0 && Atomics.compareExchange(this.#cells, cell, its, 0) === its;
  }

  tellOf(fn: FunctionRecord): void {
    if (this.#told.has(fn)) return;
    this.#told.add(fn);
    this.post({ type: 'define', number: fn.number, fn: fn.info });
  }

  #send(message: ToThread): void {
    this.#channel.post(message);
    Atomics.add(this.#cells, MAIL, 1);
    Atomics.notify(this.#cells, MAIL);
  }

  /** Memory may be short. A thread that has missed a message would wait for it for ever: it is ended. */
  #notSent(message: ToThread, error: unknown): void {
    try {
      const instead = insteadOf(message, error);
      if (instead) return this.#send(instead);
    } catch {
      // Then it can be told nothing at all.
    }
    this.replace();
  }
}

/** Not by spreading: a hundred thousand arguments would not find room on the stack. */
function addTask(tasks: unknown[], { id, cell, flight: { fn, args = [] } }: Lease): void {
  if ('codec' in args) return void tasks.push(id, cell, fn.number, AS_BYTES, args);
  tasks.push(id, cell, fn.number, args.length);
  for (const arg of args) tasks.push(arg);
}

function contextsOf(leases: readonly Lease[]): ReadonlyMap<number, TraceContext> {
  const contexts = new Map<number, TraceContext>();
  for (const { id, flight } of leases) if (flight.context) contexts.set(id, flight.context);
  return contexts;
}

/** What says that a value could not be sent. */
function insteadOf(message: ToThread, error: unknown): ToThread | undefined {
  if (!('type' in message)) return undefined;
  const { type } = message;
  if (type === 'value') return { type: 'failure', call: message.call, error: encodeThrown(error) };
  return type === 'found' ? { ...message, entry: 0, value: undefined } : undefined;
}
