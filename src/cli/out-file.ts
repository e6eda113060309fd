/**
 * The file of `--out`. Results are written beside it (`partials.ts`), and take its place when they are
 * complete (`take-place.ts`): so half of the results are not taken for all of them, and what an earlier
 * run has made stays until there is something better. Of several runs that write the same file, the
 * last to end leaves its results. What is no plain file is written to as it is.
 */

import { closeSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { ownIdentity, type ProcessIdentity } from '../tiers/disk/process-identity.ts';
import { Unusable } from './ended.ts';
import { messageOf } from './error-words.ts';
import { type FileId, isFile } from './file-id.ts';
import { endedEarly, leftovers, ownPartial } from './partials.ts';
import { checkWritable, isDescriptor, openInPlaceOf, takePlace, targetOf } from './take-place.ts';

export interface OutFile {
  readonly fd: number;
  /** The results are complete. @throws {Unusable} */
  complete(): void;
  /** They will not be. @returns where those so far are, if there are any */
  leave(): string | undefined;
  [Symbol.dispose](): void;
}

/** @param input must be another file @throws {Unusable} */
export function openOutFile(
  file: string,
  input?: FileId,
  owner: ProcessIdentity = ownIdentity(),
): OutFile {
  try {
    const { path, isPlain } = resolved(file);
    return isPlain ? new PlainFile(path, input, owner) : new SpecialFile(file);
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

class PlainFile implements OutFile {
  readonly fd: number;
  readonly #file: string;
  readonly #own: string;
  #isOpen = true;
  #isOver = false;

  constructor(file: string, input: FileId | undefined, owner: ProcessIdentity) {
    this.#file = file;
    this.#own = ownPartial(file, owner);
    const old = leftovers(file, owner);
    for (const path of [file, endedEarly(file), ...old]) {
      if (isFile(path, input)) throw new Error(`${path} is the input; give another --out`);
    }
    checkWritable(file);
    for (const path of old) remove(path);
    this.fd = openInPlaceOf(file, this.#own);
  }

  complete(): void {
    try {
      this.#isOpen = false;
      takePlace(this.fd, this.#own, this.#file);
    } catch (cause) {
      throw unwritable(this.#file, cause);
    }
    this.#isOver = true;
    // There is something better now.
    remove(endedEarly(this.#file));
  }

  leave(): string | undefined {
    if (this.#isOver) return undefined;
    this.#isOver = true;
    try {
      this.#close();
      if (statSync(this.#own).size === 0) return void remove(this.#own);
      renameSync(this.#own, endedEarly(this.#file));
      return endedEarly(this.#file);
    } catch {
      return this.#own;
    }
  }

  [Symbol.dispose](): void {
    this.leave();
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.fd);
  }
}

/** A pipe, a terminal, `/dev/null`; what a shell has opened as `/dev/stdout`, to which it may append. */
class SpecialFile implements OutFile {
  readonly fd: number;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    this.fd = openSync(path, 'a');
  }

  complete(): void {}

  leave(): string {
    return this.#path;
  }

  [Symbol.dispose](): void {}
}

function resolved(file: string): { readonly path: string; readonly isPlain: boolean } {
  if (file === '') throw new Error('its path is empty');
  const path = targetOf(file);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) throw new Error('it is a directory');
  return { path, isPlain: !isDescriptor(path) && (!stat || stat.isFile()) };
}

/** If it can be: it is in no other run's way. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {}
}

function unwritable(file: string, cause: unknown): Unusable {
  return new Unusable(`cannot write ${file}: ${messageOf(cause)}`);
}
