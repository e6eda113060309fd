/** After a `break`, `map` reads one more input, or leaves its source open for ever. */

import { EventEmitter, on } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { increment } from '../fixtures/quick.ts';
import { openForAll, rejection } from './open.ts';

openForAll({ threads: 1 });

/** Numbers from 1 on; notes how many were read, and that it was closed. */
function numbers() {
  const seen = { read: 0, closed: 0 };
  const iterator = {
    next: () => ({ done: false as const, value: ++seen.read }),
    return: () => {
      seen.closed++;
      return { done: true as const, value: undefined };
    },
  };
  const sync = { [Symbol.iterator]: () => iterator };
  const asynchronous = {
    [Symbol.asyncIterator]: () => ({
      next: async () => iterator.next(),
      return: async () => iterator.return(),
    }),
  };
  return { seen, sync, asynchronous };
}

const kinds = ['sync', 'asynchronous'] as const;

describe.each(kinds)('a source that is %s', (kind) => {
  test('is closed when the loop is left, and not read any more', async () => {
    const { seen, [kind]: inputs } = numbers();
    for await (const value of increment.map(inputs, { concurrency: 2 })) {
      if (value === 3) break;
    }
    const { read } = seen;
    // Two that were taken, and those of the window.
    expect(read).toBeLessThanOrEqual(4);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(seen).toEqual({ read, closed: 1 });
  });

  test('is closed when a call fails, and when the work is aborted', async () => {
    const failing = numbers();
    const wrong = increment.map(failing[kind] as never, {
      concurrency: 2,
      onProgress: ({ done }) => {
        if (done === 2) throw new RangeError('enough');
      },
    });
    expect(await rejection(drain(wrong))).toBeInstanceOf(RangeError);
    expect(failing.seen.closed).toBe(1);
    const aborted = numbers();
    const stop = new AbortController();
    const work = increment.map(aborted[kind], { signal: stop.signal, concurrency: 2 });
    expect(await rejection(drain(work, () => stop.abort(new RangeError('stop'))))).toBeInstanceOf(
      RangeError,
    );
    expect(aborted.seen.closed).toBe(1);
  });
});

async function drain(results: AsyncIterable<unknown>, each = () => {}): Promise<void> {
  for await (const _ of results) each();
}

describe('a source that waits for its next input', () => {
  test('an iterator of its own', async () => {
    let closed = 0;
    const inputs = {
      [Symbol.asyncIterator]: () => ({
        count: 0,
        next() {
          return this.count++ === 0
            ? Promise.resolve({ done: false as const, value: 1 })
            : new Promise<never>(() => {});
        },
        async return() {
          closed++;
          return { done: true as const, value: undefined };
        },
      }),
    };
    for await (const _ of increment.map(inputs)) break;
    expect(closed).toBe(1);
  });

  test('a stream, and events', async () => {
    const stream = new PassThrough({ objectMode: true });
    stream.write(1);
    for await (const _ of increment.map(stream as AsyncIterable<number>)) break;
    expect(stream.destroyed).toBe(true);
    const emitter = new EventEmitter();
    const events = on(emitter, 'n') as AsyncIterable<never>;
    emitter.emit('n', 1);
    const work = increment.map(events);
    expect(
      await rejection(
        drain(work, () => {
          throw new RangeError('mine');
        }),
      ),
    ).toBeInstanceOf(Error);
    expect(emitter.listenerCount('n')).toBe(0);
  });

  test('a generator that never goes on does not hold the loop', async () => {
    async function* waits() {
      yield 1;
      await new Promise(() => {});
    }
    for await (const _ of increment.map(waits())) break;
  });
});

test('a source that ends or fails by itself is not closed again', async () => {
  let closed = 0;
  const ends = (step: () => IteratorResult<number>) => ({
    [Symbol.iterator]: () => ({
      next: step,
      return: () => {
        closed++;
        return { done: true as const, value: undefined };
      },
    }),
  });
  await drain(increment.map(ends(() => ({ done: true, value: undefined }))));
  const failing = ends(() => {
    throw new RangeError('source');
  });
  expect(await rejection(drain(increment.map(failing)))).toBeInstanceOf(RangeError);
  expect(closed).toBe(0);
  await drain(increment.map(Readable.from([1, 2])));
  await drain(increment.map([Promise.resolve(1), 2] as never));
});
