/**
 * The file of `--out`. Results are written beside it, to `<file>.partial`, which takes its place when
 * it is complete: so nobody takes half of the results for all of them, and what an earlier run has
 * made stays until there is something better. What is no plain file is written to as it is.
 */

import { closeSync, openSync, realpathSync, renameSync, statSync } from 'node:fs';
import { Unusable } from './ended.ts';
import { messageOf } from './error-words.ts';

export interface OutFile {
  readonly fd: number;
  /** Where the results are until they are complete. */
  readonly path: string;
  /** They are complete. @throws {Unusable} */
  complete(): void;
}

/** @throws {Unusable} */
export function openOutFile(file: string): OutFile {
  try {
    const target = resolved(file);
    const path = target.isPlain ? `${target.path}.partial` : target.path;
    const fd = openSync(path, 'w');
    const complete = () => {
      closeSync(fd);
      if (target.isPlain) renameSync(path, target.path);
    };
    return { fd, path, complete: () => orUnusable(file, complete) };
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

function resolved(file: string): { readonly path: string; readonly isPlain: boolean } {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) return { path: file, isPlain: true };
  if (stat.isDirectory()) throw new Error('it is a directory');
  return { path: realpathSync(file), isPlain: stat.isFile() };
}

function orUnusable(file: string, run: () => void): void {
  try {
    run();
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

function unwritable(file: string, cause: unknown): Unusable {
  return new Unusable(`cannot write ${file}: ${messageOf(cause)}`);
}
