/** Where the lines come from: a file, a pipe, or the standard input. */

import { createReadStream, fstatSync, openSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { Unusable } from './ended.ts';
import { messageOf } from './error-words.ts';

export interface Input {
  readonly chunks: AsyncIterable<Buffer>;
  /** Bytes; `undefined` when that cannot be known, as of a pipe. */
  readonly size: number | undefined;
  close(): void;
}

const CHUNK = 2 ** 18;

/** @param file `-` for the standard input @throws {Unusable} */
export function openInput(file: string): Input {
  try {
    return file === '-' ? standardInput() : fromFile(file);
  } catch (cause) {
    throw new Unusable(`cannot read ${file}: ${messageOf(cause)}`);
  }
}

function standardInput(): Input {
  const stat = fstatSync(0);
  // Its own stream reads a file 64 KiB at a time.
  if (stat.isFile()) {
    return input(
      createReadStream('', { fd: 0, autoClose: false, highWaterMark: CHUNK }),
      stat.size,
    );
  }
  return input(process.stdin, undefined);
}

function fromFile(file: string): Input {
  if (statSync(file).isDirectory()) throw new Error('it is a directory');
  const fd = openSync(file, 'r');
  const stat = fstatSync(fd);
  // A file stream would hold a thread until its pipe says something, and the process with it.
  if (stat.isFIFO()) return input(new Socket({ fd, readable: true, writable: false }), undefined);
  const stream = createReadStream('', { fd, highWaterMark: CHUNK });
  return input(stream, stat.isFile() ? stat.size : undefined);
}

function input(stream: Readable, size: number | undefined): Input {
  return { chunks: stream, size, close: () => void stream.destroy() };
}
