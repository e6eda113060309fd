/**
 * What memcached answers to meta commands (`mg`, `ms`, `md`, `mn`), out of the bytes as they arrive:
 * a line of a code and flags, each a letter and a text; and for `VA` a value of that many bytes.
 */

export interface MemcachedReply {
  readonly code: string;
  readonly flags: ReadonlyMap<string, string>;
  readonly value: Buffer | undefined;
}

/** What memcached could not do, in its words. The connection goes on. */
export class ServerError extends Error {}

const CODES = new Set(['HD', 'EN', 'NF', 'NS', 'EX', 'VA', 'MN']);
const LONGEST_LINE = 2048;
const LF = 10;
const END_BYTES = 2;

export class ReplyReader {
  #chunks: Buffer[] = [];
  #size = 0;
  /** As many bytes as the next reply has at least: a large one is put together once. */
  #need = 0;

  /** @throws {Error} for what is not memcached's */
  push(chunk: Buffer): (MemcachedReply | ServerError)[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#need) return [];
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const replies: (MemcachedReply | ServerError)[] = [];
    let start = 0;
    for (let end = this.#replyEnd(bytes, start); end > 0; end = this.#replyEnd(bytes, start)) {
      replies.push(read(bytes.subarray(start, end)));
      start = end;
    }
    const rest = bytes.subarray(start);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#size = rest.length;
    return replies;
  }

  /** Where the reply ends that begins there; 0 if it is not complete. */
  #replyEnd(bytes: Buffer, start: number): number {
    const lineEnd = bytes.indexOf(LF, start) + 1;
    this.#need = 0;
    if (lineEnd === 0) {
      if (bytes.length - start > LONGEST_LINE) throw unknown(bytes.subarray(start, start + 40));
      return 0;
    }
    const [, length] = /^VA (\d+)/.exec(bytes.toString('latin1', start, lineEnd)) ?? [];
    const end = length === undefined ? lineEnd : lineEnd + Number(length) + END_BYTES;
    if (end <= bytes.length) return end;
    this.#need = end - start;
    return 0;
  }
}

function read(bytes: Buffer): MemcachedReply | ServerError {
  const lineEnd = bytes.indexOf(LF) + 1;
  const line = bytes.toString('latin1', 0, lineEnd).trimEnd();
  if (line.startsWith('SERVER_ERROR')) return new ServerError(line);
  const [code = '', ...rest] = line.split(' ');
  if (!CODES.has(code)) throw unknown(bytes.subarray(0, lineEnd));
  const isValue = code === 'VA';
  const flags = (isValue ? rest.slice(1) : rest).map((flag) => [flag[0] ?? '', flag.slice(1)]);
  return {
    code,
    flags: new Map(flags as [string, string][]),
    value: isValue ? bytes.subarray(lineEnd, bytes.length - END_BYTES) : undefined,
  };
}

function unknown(bytes: Buffer): Error {
  const line = JSON.stringify(bytes.toString('latin1').trimEnd());
  return new Error(`it answers ${line}, and should be memcached 1.6 or later`);
}
