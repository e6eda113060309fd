/** Values that memory does not keep: counted by the reason, and warned of where an option would help. */

import type { FunctionRecord } from './function-record.ts';

export type WarnNotKept = (functionId: string, text: string) => void;

export class NotKeptWarnings {
  readonly #warn: WarnNotKept;
  readonly #warned = new Set<FunctionRecord>();

  constructor(warn: WarnNotKept) {
    this.#warn = warn;
  }

  /** Its function's own options want it so. */
  declined(fn: FunctionRecord): void {
    fn.counters.notKept.declined++;
  }

  /** There was no room that could be made in a reasonable time. */
  noRoom(fn: FunctionRecord): void {
    fn.counters.notKept.noRoom++;
  }

  /** @param most bytes that an entry may take */
  tooLarge(fn: FunctionRecord, bytes: number, most: number): void {
    fn.counters.notKept.tooLarge++;
    if (this.#warned.has(fn)) return;
    this.#warned.add(fn);
    this.#warn(
      fn.info.id,
      `a value of ${fn.info.id} takes ${mib(bytes)}, and is not kept: an entry may take ` +
        `${mib(most)}, so it is computed again at every call. Give createPool() a larger ` +
        'maxEntrySize (of nine tenths of maxSize at most), or a larger maxSize, of which ' +
        'maxEntrySize is an eighth by default. stats().notKept counts such values.',
    );
  }
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 3 : 1)} MiB`;
}
