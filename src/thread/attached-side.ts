/**
 * The side of a thread that somebody else has started, and that was attached to a pool: it shares
 * the cache, and takes no tasks. It may outlive the pool.
 */

import { threadId } from 'node:worker_threads';
import { belongsTo, channelOf } from '../belonging.ts';
import { overChannel } from '../line.ts';
import type { Joined } from '../protocol.ts';
import { Attendance } from './attendance.ts';
import { ThreadSide } from './thread-side.ts';

export class AttachedSide extends ThreadSide {
  readonly inPool = false;
  readonly #session: number;

  /** @param over called when the pool was closed, and nothing is open here any more. */
  constructor(session: number, over: () => void) {
    const line = overChannel(channelOf(session));
    super(line, false, (_, thread) => new Attendance(line, thread, over));
    this.#session = session;
    const { cells } = this;
    line.post({ type: 'threadmemo:hello', threadId, cells } satisfies Joined);
  }

  /** One look at shared memory: what was cached is not served after `close()`, whoever is busy. */
  get closed(): boolean {
    return !belongsTo(this.#session);
  }
}
