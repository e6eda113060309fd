/**
 * How a thread is there for its messages: a pool's thread in shifts (`shift.ts`), one that other
 * code has started whenever its own event loop turns (`attendance.ts`).
 */

/** What the thread tells of itself, and does when its presence says so. */
export interface ThreadLife {
  /** Nothing is open. */
  isQuiet(): boolean;
  /** Code in this thread waits for an answer. */
  isAwaited(): boolean;
  /** Starts what has arrived. */
  work(): void;
  /** Says that it was told to rest, and cannot. */
  stay(): void;
}

export interface Presence {
  /** Called once, before anything else. */
  serve(thread: ThreadLife): void;
  /** The event loop has brought a message, which was handled. */
  heard(): void;
  /** A call or an order waits for its answer. */
  opened(): void;
  /** Something has come to its end. */
  ended(): void;
  /** Something has arrived while a computation looked for mail. */
  lookAgain(): void;
  /** The coordinator has nothing more to do for this thread. */
  rest(): void;
  /** The pool is closed. */
  closed(): void;
}
