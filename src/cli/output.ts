/**
 * Where the results go. Lines are collected and written in large pieces, by the system's own threads:
 * `process.stdout` would block this thread for as long as there is no reader, and with it Ctrl-C and all
 * worker threads that wait for work.
 */

import { write } from 'node:fs';
import { promisify } from 'node:util';
import { setImmediate, setTimeout } from '../runtime/globals.ts';
import { Unusable } from './ended.ts';
import { messageOf } from './error-words.ts';

const writeBytes = promisify(write);

/** Characters that are worth a write. */
const PIECE = 2 ** 16;
/** Characters that may wait. */
const MOST_WAITING = 2 ** 18;
/** Milliseconds until a pipe that another program has made non-blocking is tried again. */
const TRY_AGAIN_AFTER = 5;

export class Output {
  readonly #fd: number;
  /** Something has been written, or nothing more can be. */
  readonly #changed: () => void;
  #waiting = '';
  #writing: Promise<void> | undefined;
  #flushAhead = false;
  #end: { readonly state: 'unread' } | { readonly state: 'failed'; cause: unknown } | undefined;

  constructor(fd: number, changed: () => void) {
    this.#fd = fd;
    this.#changed = changed;
  }

  /** More may be added; what is added without is kept, too. */
  get hasRoom(): boolean {
    return this.#waiting.length < MOST_WAITING;
  }

  /** The reader has gone: what is added is dropped. */
  get unread(): boolean {
    return this.#end?.state === 'unread';
  }

  get broken(): boolean {
    return this.#end !== undefined;
  }

  /** @param line with its line end */
  add(line: string): void {
    this.#waiting += line;
    if (this.#writing) return;
    if (this.#waiting.length >= PIECE) this.#begin();
    else this.#flushSoon();
  }

  /** Settles when everything was written. @throws {Unusable} */
  async flush(): Promise<void> {
    while (this.#writing || this.#waiting.length > 0) {
      this.#begin();
      await this.#writing;
    }
    if (this.#end?.state === 'failed') {
      throw new Unusable(`cannot write the results: ${messageOf(this.#end.cause)}`);
    }
  }

  /** What comes one by one, is written one by one. */
  #flushSoon(): void {
    if (this.#flushAhead) return;
    this.#flushAhead = true;
    setImmediate(() => {
      this.#flushAhead = false;
      this.#begin();
    });
  }

  #begin(): void {
    if (this.#writing || this.#waiting.length === 0) return;
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = '';
    if (this.#end) return;
    this.#writing = this.#write(bytes).then(() => {
      this.#writing = undefined;
      if (this.#waiting.length >= PIECE) this.#begin();
      else if (this.#waiting.length > 0) this.#flushSoon();
      this.#changed();
    });
  }

  async #write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      try {
        at += (await writeBytes(this.#fd, bytes, at, bytes.length - at)).bytesWritten;
      } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException;
        if (code !== 'EAGAIN') return this.#failed(code === 'EPIPE', cause);
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_AFTER));
      }
    }
  }

  #failed(isUnread: boolean, cause: unknown): void {
    this.#end = isUnread ? { state: 'unread' } : { state: 'failed', cause };
    this.#waiting = '';
  }
}
