/** A worker thread, as the coordinator talks to it: its line, its cells, and what it was told. */

import type { Line } from '../line.ts';
import { AS_BYTES, TASK_CELLS, type ToThread } from '../protocol.ts';
import type { Lease, Peer } from './flight.ts';
import type { FunctionRecord } from './function-record.ts';

const MAIL = 0;

export class ThreadPeer implements Peer {
  readonly leases = new Set<Lease>();
  readonly calls: Peer['calls'] = new Map();
  readonly blocking: Peer['blocking'] = new Set();
  leads = 0;
  active = 0;
  expectedMs = 0;
  gone = false;
  replaced = false;
  canTakeMore = (): void => {};
  readonly threadId: number;
  readonly terminate: () => void;
  readonly #line: Line;
  readonly #cells: Int32Array;
  /** Cell 0 counts mail. */
  #nextCell = 1;
  #prepared: unknown[] = [];
  /** Functions whose numbers the thread knows. */
  readonly #told = new Set<FunctionRecord>();
  /** Its place in the arena. */
  slot: number | undefined;

  constructor(threadId: number, line: Line, cells: SharedArrayBuffer, terminate: () => void) {
    this.threadId = threadId;
    this.terminate = terminate;
    this.#line = line;
    this.#cells = new Int32Array(cells);
  }

  post(message: ToThread): void {
    this.#line.post(message);
    Atomics.add(this.#cells, MAIL, 1);
    Atomics.notify(this.#cells, MAIL);
  }

  /** Cells become free in the order in which they were taken, because tasks start in that order. */
  get hasRoom(): boolean {
    return Atomics.load(this.#cells, this.#nextCell) === 0;
  }

  prepare(lease: Lease): void {
    const { fn, args = [] } = lease.flight;
    this.tellOf(fn);
    lease.cell = this.#nextCell;
    this.#nextCell = (lease.cell % TASK_CELLS) + 1;
    Atomics.store(this.#cells, lease.cell, lease.id);
    if ('codec' in args) this.#prepared.push(lease.id, lease.cell, fn.number, AS_BYTES, args);
    else this.#prepared.push(lease.id, lease.cell, fn.number, args.length, ...args);
  }

  handOver(): void {
    this.post(this.#prepared);
    this.#prepared = [];
  }

  takeBack({ id, cell }: Lease): boolean {
    return cell > 0 && Atomics.compareExchange(this.#cells, cell, id, 0) === id;
  }

  tellOf(fn: FunctionRecord): void {
    if (this.#told.has(fn)) return;
    this.#told.add(fn);
    this.post({ type: 'define', number: fn.number, fn: fn.info });
  }
}
