/** The side of a pool's own thread: it takes tasks, in shifts, and lives as long as its pool. */

import { inCell } from '../arena/lease-numbers.ts';
import type { Channel } from '../call/channel.ts';
import { currentComputation } from '../compute/computation.ts';
import { ENDED_BY_CELL, OUTSIDE } from '../protocol.ts';
import { Mailbox } from './mailbox.ts';
import { sendOutput } from './output.ts';
import { Shift } from './shift.ts';
import { ThreadSide } from './thread-side.ts';

export interface PoolThread {
  readonly side: ThreadSide;
  /** See `Hello` in `protocol.ts`. */
  readonly cells: SharedArrayBuffer;
  /** Takes what the pool has for this thread, until the coordinator says that it is all. */
  work(): Promise<void>;
}

export function poolThread(channel: Channel): PoolThread {
  const mailbox = new Mailbox(channel);
  const presence = new Shift(mailbox);
  const end = () => runExitHandlers(() => mailbox.post({ type: 'ended' }));
  const side = new ThreadSide({ kind: 'pool', mailbox, presence, isClosed: () => false, end });
  sendOutput(channel);
  // An exit, and the end by something uncaught, are in the context of the code that has caused them.
  process.once('exit', () => {
    const lease = currentComputation()?.lease;
    const its = lease === undefined ? OUTSIDE : inCell(lease);
    Atomics.store(mailbox.cells, ENDED_BY_CELL, its);
  });
  const cells = mailbox.cells.buffer as SharedArrayBuffer;
  return { side, cells, work: () => presence.begin() };
}

/**
 * Ending a thread from outside, as a pool does, runs none of its exit handlers. Each runs once: one
 * that throws, or exits itself, would have Node run all of them again.
 */
function runExitHandlers(done: () => void): void {
  const handlers = process.listeners('exit');
  process.removeAllListeners('exit');
  try {
    for (const handle of handlers) handle.call(process, 0);
  } finally {
    done();
  }
}
