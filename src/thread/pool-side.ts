/** The side of a pool's own thread: it takes tasks, in shifts, and lives as long as its pool. */

import type { Line } from '../line.ts';
import { Shift } from './shift.ts';
import { ThreadSide } from './thread-side.ts';

export class PoolSide extends ThreadSide {
  readonly inPool = true;
  readonly closed = false;
  readonly #shift: Shift;

  constructor(line: Line) {
    let shift: Shift | undefined;
    super(line, true, (mailbox, thread) => {
      shift = new Shift(mailbox, thread);
      return shift;
    });
    this.#shift = shift as unknown as Shift;
  }

  /** Takes what the pool has for this thread, until the coordinator says that it is all. */
  work(): Promise<void> {
    return this.#shift.begin();
  }
}
