/** Where the lines come from: a file, a pipe, or the standard input. */

import { createReadStream, fstatSync, openSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { Unusable } from './ended.ts';
import { messageOf } from './error-words.ts';
import { type FileId, fileId } from './file-id.ts';

export interface Input {
  readonly chunks: AsyncIterable<Buffer>;
  /** Bytes; `undefined` when that cannot be known, as of a pipe. */
  readonly size: number | undefined;
  /** `undefined` for what is no plain file. */
  readonly id: FileId | undefined;
  close(): void;
  [Symbol.dispose](): void;
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
  // Its own stream reads a file 64 KiB at a time.
  return fstatSync(0).isFile()
    ? input(createReadStream('', { fd: 0, autoClose: false, highWaterMark: CHUNK }), 0)
    : input(process.stdin, 0);
}

function fromFile(file: string): Input {
  if (statSync(file).isDirectory()) throw new Error('it is a directory');
  const fd = openSync(file, 'r');
  // A file stream would hold a thread until its pipe says something, and the process with it.
  return fstatSync(fd).isFIFO()
    ? input(new Socket({ fd, readable: true, writable: false }), fd)
    : input(createReadStream('', { fd, highWaterMark: CHUNK }), fd);
}

function input(stream: Readable, fd: number): Input {
  const id = fileId(fd);
  const close = () => void stream.destroy();
  const size = id && fstatSync(fd).size;
  return { chunks: stream, size, id, close, [Symbol.dispose]: close };
}
