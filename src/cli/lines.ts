/**
 * From bytes to lines, a block at a time: to split one string of many lines costs a tenth of making
 * a string of each. A line ends with `\n` or `\r\n`; the last one may do without.
 */

import { isUtf8 } from 'node:buffer';
import { Unusable } from './ended.ts';

/** A line whose bytes are no text: shown as far as they are. */
export class NotUtf8 {
  readonly shown: string;
  constructor(shown: string) {
    this.shown = shown;
  }
}

export interface Block {
  readonly lines: readonly (string | NotUtf8)[];
  /** Of the input, line ends included. */
  readonly bytes: number;
}

/** Longer ones could not be held in the memory that the command promises to keep within. */
export const LONGEST_LINE = 64 * 2 ** 20;

const LINE_END = 10;
const BYTE_ORDER_MARK = Buffer.from('\uFEFF');

/** @throws {Unusable} for a line longer than {@link LONGEST_LINE} */
export async function* blocksOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Block> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let isFirst = true;
  const block = (bytes: Buffer, size: number): Block => {
    const lines = linesOf(isFirst ? withoutMark(bytes) : bytes);
    isFirst = false;
    return { lines, bytes: size };
  };
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(LINE_END);
    if (end >= 0) {
      const last = chunk.subarray(0, end);
      yield block(rest.length > 0 ? Buffer.concat([...rest, last]) : last, restBytes + end + 1);
      rest = [];
      restBytes = 0;
    }
    rest.push(chunk.subarray(end + 1));
    restBytes += chunk.length - end - 1;
    if (restBytes > LONGEST_LINE) {
      throw new Unusable(`a line of the input is longer than ${LONGEST_LINE} bytes`);
    }
  }
  if (restBytes > 0) yield block(Buffer.concat(rest), restBytes);
}

function withoutMark(bytes: Buffer): Buffer {
  const { length } = BYTE_ORDER_MARK;
  return bytes.subarray(0, length).equals(BYTE_ORDER_MARK) ? bytes.subarray(length) : bytes;
}

function linesOf(bytes: Buffer): readonly (string | NotUtf8)[] {
  return isUtf8(bytes) ? bytes.toString().split('\n') : linesOneByOne(bytes);
}

function linesOneByOne(bytes: Buffer): (string | NotUtf8)[] {
  const lines = [];
  for (let start = 0, end = 0; end < bytes.length; start = end + 1) {
    end = bytes.indexOf(LINE_END, start);
    if (end < 0) end = bytes.length;
    const line = bytes.subarray(start, end);
    lines.push(isUtf8(line) ? line.toString() : new NotUtf8(line.toString()));
  }
  return lines;
}
