/**
 * Whose cache a thread uses: that of a pool which it was attached to, or its own.
 *
 * A thread that a pool has not started makes up its mind when a memoized function is first called
 * in it; the thread that has started it may attach it before. The first of them decides, by one
 * compare-and-exchange on the thread's own cell in memory that both share. So neither asks the
 * other, and nothing hangs on a thread that is busy, or asleep in the hands of some other pool.
 *
 * The memory is found through the environment data, which a thread inherits from the one that starts
 * it: so a thread must have been started after the first `memoize()` or `createPool()` of the thread
 * that has started it. Importing this module has no effect.
 *
 * A thread's cell is, in this order:
 * - 0: nothing is decided;
 * - `~threadId`: the thread has a pool of its own (a thread that has ended may have left its mark);
 * - `2 * session`: it was attached, and does not know yet;
 * - `2 * session + 1`: it has joined; from then on the pool may not go without a word.
 * A pool that closes makes it 0 again.
 */

import { randomUUID } from 'node:crypto';
import {
  getEnvironmentData,
  isMainThread,
  type Serializable,
  setEnvironmentData,
  threadId,
  type Worker,
} from 'node:worker_threads';
import { nextTick } from '../runtime/globals.ts';

/** So many that no two threads alive share one; untouched pages cost nothing. */
const CELLS = 1 << 20;
/** The first cell counts sessions. */
const SESSIONS = 0;

interface Inherited {
  /** Other trees of threads in the process have other memory. */
  readonly name: string;
  readonly cells: SharedArrayBuffer;
}

interface Shared {
  readonly name: string;
  readonly cells: Int32Array;
  /** The threads started here that share the memory; `undefined`: all of them do. */
  readonly children: WeakSet<Worker> | undefined;
}

const SHARED = Symbol.for('threadmemo:belonging:1');
const KEY = 'threadmemo:belonging:1';
// Every copy of this package in the thread has the same.
const realm = globalThis as { [SHARED]?: Shared };
let memory: Shared | undefined;

const OWN = ~threadId;
const here = cellOf(threadId);

function shared(): Shared {
  if (memory) return memory;
  realm[SHARED] ??= setUp();
  memory = realm[SHARED];
  return memory;
}

/** From now on, what this thread starts can be attached to a pool. */
export function shareWithChildren(): void {
  shared();
}

function setUp(): Shared {
  const inherited = getEnvironmentData(KEY) as unknown as Inherited | undefined;
  if (inherited)
    return { name: inherited.name, cells: new Int32Array(inherited.cells), children: undefined };
  const made: Inherited = {
    name: randomUUID(),
    cells: new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT),
  };
  setEnvironmentData(KEY, made as unknown as Serializable);
  const children = new WeakSet<Worker>();
  // Node tells of a thread in a tick of its own, and so of those before us before this tick.
  nextTick(() => process.on('worker', (worker) => children.add(worker)));
  return { name: made.name, cells: new Int32Array(made.cells), children };
}

function cellOf(id: number): number {
  return 1 + (id % (CELLS - 1));
}

/** Where a thread that was attached and its coordinator talk. */
export function channelName(session: number): string {
  return `threadmemo:${shared().name}:${session}`;
}

/** False for a thread that was started before the memory was there. */
export async function sharesMemory(worker: Worker): Promise<boolean> {
  const { children } = shared();
  // It may have been started just now.
  if (children && !children.has(worker)) await new Promise<void>(nextTick);
  return children?.has(worker) ?? true;
}

/** Attaches a thread: the session's number; `undefined` if it uses another cache already. */
export function attach(id: number): number | undefined {
  const { cells } = shared();
  const session = Atomics.add(cells, SESSIONS, 1) + 1;
  const cell = cellOf(id);
  for (let now = Atomics.load(cells, cell); now <= 0 && now !== ~id; ) {
    const found = Atomics.compareExchange(cells, cell, now, 2 * session);
    if (found === now) return session;
    now = found;
  }
  return undefined;
}

/** Ends a session; true if the thread has joined, and so learns of it only by a message. */
export function detach(id: number, session: number): boolean {
  const { cells } = shared();
  const cell = cellOf(id);
  if (Atomics.compareExchange(cells, cell, 2 * session, 0) === 2 * session) return false;
  return Atomics.compareExchange(cells, cell, 2 * session + 1, 0) === 2 * session + 1;
}

/** This thread uses its own cache from now on; false if it was attached. */
export function keepToItself(): boolean {
  const { cells } = shared();
  if (isMainThread) return true;
  for (let now = Atomics.load(cells, here); now <= 0; ) {
    const found = Atomics.compareExchange(cells, here, now, OWN);
    if (found === now) return true;
    now = found;
  }
  return false;
}

/** Its own pool has closed: it may be attached. */
export function mayBelong(): void {
  if (!isMainThread) Atomics.compareExchange(shared().cells, here, OWN, 0);
}

/** Joins the pool that this thread was attached to: the session; `undefined` if there is none. */
export function join(): number | undefined {
  if (isMainThread) return undefined;
  const { cells } = shared();
  const now = Atomics.load(cells, here);
  if (now <= 0 || now % 2 === 1) return undefined;
  return Atomics.compareExchange(cells, here, now, now + 1) === now ? now / 2 : undefined;
}

/** Whether this thread has joined a session that is not over. */
export function belongsTo(session: number): boolean {
  return Atomics.load(shared().cells, here) === 2 * session + 1;
}
