/**
 * Room on the disk for what must go. lmdb writes new pages before it frees old ones, so that on a full
 * disk a delete would be refused, and what was invalidated would be found again. So a file beside the
 * database holds some MiB, which are given back to the disk when a delete finds none, and taken again
 * when there is room.
 *
 * Another program may be faster and fill them. Then the delete is refused, as it is without a reserve.
 */

import { randomFill } from 'node:crypto';
import { rmSync, statSync, truncateSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const BYTES = 4 * 1024 * 1024;

export class Reserve {
  readonly #file: string;
  #making: Promise<void> | undefined;

  constructor(directory: string) {
    this.#file = join(directory, 'reserve');
  }

  /** Bytes that it holds; other processes make it and give it back, too. */
  size(): number {
    return statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Makes it in the background, where it is not whole. To be called while there is room for it. */
  make(): void {
    if (this.#making || this.size() >= BYTES) return;
    this.#making = this.#write().finally(() => {
      this.#making = undefined;
    });
  }

  /** @returns whether the disk has more room now */
  giveBack(): boolean {
    if (this.size() === 0) return false;
    // Also while a process is writing it, which keeps what is merely removed.
    truncateSync(this.#file);
    rmSync(this.#file, { force: true });
    return true;
  }

  /** Settles when nothing is made. */
  async settled(): Promise<void> {
    await this.#making;
  }

  /** Of random bytes, because some disks store others in less room. Where it fails there is none. */
  async #write(): Promise<void> {
    const bytes = Buffer.allocUnsafeSlow(BYTES);
    await promisify<Buffer, unknown>(randomFill)(bytes);
    await writeFile(this.#file, bytes, { mode: 0o600 }).catch(() => {});
  }
}
