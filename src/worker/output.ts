/**
 * What a function prints arrives before its outcome, and all of it arrives.
 *
 * Node carries a worker's output over a port of its own, one chunk at a time, and sends the next when
 * the worker's event loop has turned: lines come after the answer, and those that are still in a
 * worker when the process ends are lost. On the thread's own channel, output is as orderly as an outcome.
 */

import type { Writable } from 'node:stream';
import type { Channel } from '../call/channel.ts';
import type { OutputStream } from '../protocol.ts';

interface Chunk {
  readonly chunk: string | Uint8Array;
  readonly encoding: BufferEncoding;
}

/** From now on, in a thread that belongs to the pool. */
export function sendOutput(channel: Channel): void {
  for (const stream of ['stdout', 'stderr'] as const) sendStream(process[stream], stream, channel);
}

function sendStream(output: Writable, stream: OutputStream, channel: Channel): void {
  // What is left corked would be lost, and Piscina waits for it before it lets a thread rest.
  while (output.writableCorked > 0) output.uncork();
  output.cork = () => {};
  output._writev = (chunks, done) => {
    channel.post({ type: 'output', stream, chunks: (chunks as Chunk[]).map(textOrBytes) });
    done();
  };
}

/** Bytes are copied, because a Buffer may be a piece of a large one, which would cross whole. */
function textOrBytes({ chunk, encoding }: Chunk): string | Uint8Array {
  if (typeof chunk !== 'string') return new Uint8Array(chunk);
  return encoding === 'utf8' || encoding === 'utf-8'
    ? chunk
    : textOrBytes({ chunk: Buffer.from(chunk, encoding), encoding });
}
