/** The body of a web response, read as long as it may still be kept; and put together again when it may not. */

import { clearTimeout, setTimeout } from '../runtime/globals.ts';

type Reader = ReadableStreamDefaultReader<Uint8Array>;

export type ReadBody =
  | { readonly state: 'whole'; readonly bytes: Buffer }
  /** There is more of it, or it did not come in time. */
  | {
      readonly state: 'size' | 'slow';
      readonly chunks: readonly Uint8Array[];
      readonly next: ReturnType<Reader['read']>;
      readonly reader: Reader;
    };

/** @param most bytes @param patience milliseconds for all of it */
export async function readUpTo(
  body: ReadableStream<Uint8Array> | null,
  most: number,
  patience: number,
): Promise<ReadBody> {
  if (body === null) return { state: 'whole', bytes: Buffer.alloc(0) };
  const reader: Reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let isLate = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => {
      isLate = true;
      resolve('late');
    }, patience).unref();
  });
  try {
    for (let bytes = 0; ; ) {
      const next = reader.read();
      const read = await Promise.race([next, late]);
      if (read === 'late' || isLate) return { state: 'slow', chunks, next, reader };
      if (read.done) return { state: 'whole', bytes: Buffer.concat(chunks) };
      bytes += read.value.length;
      if (bytes > most) return { state: 'size', chunks, next, reader };
      chunks.push(read.value);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** What was read, and what is still to come. */
export function remaining(read: Exclude<ReadBody, { state: 'whole' }>): ReadableStream<Uint8Array> {
  const { reader } = read;
  const chunks = [...read.chunks];
  let next: ReturnType<Reader['read']> | undefined = read.next;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = chunks.shift();
      if (chunk !== undefined) return controller.enqueue(chunk);
      const { done, value } = await (next ?? reader.read());
      next = undefined;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
