/**
 * The side of a thread that was attached to a pool, which did not start it: it shares the cache, and
 * takes no tasks. It may outlive the pool.
 */

import { threadId } from 'node:worker_threads';
import { belongsTo, channelName } from '../call/belonging.ts';
import { namedChannel } from '../call/channel.ts';
import type { Joined } from '../protocol.ts';
import { Mailbox } from '../worker/mailbox.ts';
import { ThreadSide } from '../worker/thread-side.ts';
import { Attendance } from './attendance.ts';

/** @param over called when the pool was closed, and nothing is open here any more. */
export function guestSide(session: number, over: () => void): ThreadSide {
  const channel = namedChannel(channelName(session));
  const mailbox = new Mailbox(channel);
  const presence = new Attendance(channel, over);
  // One look at shared memory: what was cached is not served after `close()`, however busy the
  // coordinator is.
  const isClosed = () => !belongsTo(session);
  const side = new ThreadSide({ kind: 'guest', mailbox, presence, isClosed, end: () => {} });
  const cells = mailbox.cells.buffer as SharedArrayBuffer;
  channel.post({ type: 'threadmemo:hello', threadId, cells } satisfies Joined);
  return side;
}
