/** From bytes to lines, and from a line to a result: without a process, a pool or threads. */

import { openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { blocksOf } from '../../src/cli/lines.ts';
import { MapRun } from '../../src/cli/map-run.ts';
import type { MapRunParts } from '../../src/cli/map-run-parts.ts';
import { Output } from '../../src/cli/output.ts';
import { LoadError, PoolClosedError } from '../../src/errors.ts';
import { inFull } from '../effort.ts';

async function* chunks(...all: (string | Uint8Array)[]): AsyncGenerator<Buffer> {
  for (const each of all) yield Buffer.from(each as string);
}

interface Failure {
  readonly line: number;
  readonly error: unknown;
}

/** A run whose results are not looked at. */
function running(parts: Partial<MapRunParts>) {
  const failures: Failure[] = [];
  const output = new Output(openSync('/dev/null', 'w'), () => run.changed());
  const run: MapRun = new MapRun({
    call: async (value) => value,
    hold: () => undefined,
    withdraw: () => {},
    threads: 2,
    endInput: () => {},
    failed: (line, _, error) => void failures.push({ line, error }),
    args: false,
    unordered: false,
    keepGoing: true,
    output,
    ...parts,
  });
  return { run, failures };
}

test('a byte order mark is none of the first line, whatever else is in its block', async () => {
  const mark = '\uFEFF';
  const bytes = Buffer.concat([Buffer.from(`${mark}1\n`), Buffer.of(0xff), Buffer.from('\n2\n')]);
  const found = [];
  for await (const { lines } of blocksOf(chunks(bytes, `${mark}3\n`))) found.push(...lines);
  expect(found).toEqual(['1', { shown: '\uFFFD' }, '2', `${mark}3`]);
});

describe('what fails in the command itself says so without its stack', () => {
  test.each([
    ['no JSON', '{\n', false],
    ['no array of arguments', '1\n', true],
    ['no UTF-8', Buffer.of(0xff), false],
    ['no result that JSON can carry', '"bigint"\n', false],
  ])('%s', async (_, line, args) => {
    const { run, failures } = running({ args, call: async () => 1n });
    await run.run(blocksOf(chunks(line)));
    expect(failures).toEqual([{ line: 1, error: expect.any(Error) }]);
    expect(failures[0]?.error).toMatchObject({ message: expect.any(String), stack: undefined });
  });

  test('an error of the function keeps it', async () => {
    const { run, failures } = running({ call: () => Promise.reject(new RangeError('theirs')) });
    await run.run(blocksOf(chunks('1\n')));
    expect(failures[0]?.error).toMatchObject({ stack: expect.stringContaining('lines.test') });
  });
});

test('blank lines count as done: half of them are half of the input', async () => {
  let open: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const { run } = running({ call: (at) => (at === 2 ? gate : Promise.resolve(at)) });
  const shares: number[] = [];
  const look = async function* () {
    yield* chunks('1\n\n\n\n2\n\n\n\n');
    shares.push(run.share);
    open?.();
  };
  await run.run(blocksOf(look()));
  expect([...shares, run.share]).toEqual([7 / 8, 1]);
  expect([run.lines, run.bytes]).toEqual([8, 10]);
});

test('a function that no thread can load ends the run, also with --keep-going', async () => {
  const error = new LoadError('it cannot be loaded');
  const { run, failures } = running({ call: () => Promise.reject(error) });
  await expect(run.run(blocksOf(chunks('1\n2\n')))).rejects.toBe(error);
  expect({ failures, written: run.written }).toEqual({ failures: [], written: 0 });
});

test('what is answered after the end is not written: its file is closed by then', async () => {
  const late: (() => void)[] = [];
  const { run } = running({ call: () => new Promise<void>((resolve) => late.push(resolve)) });
  const broken = (async function* () {
    yield* chunks('1\n2\n');
    throw new Error('a disk that cannot be read');
  })();
  await expect(run.run(blocksOf(broken))).rejects.toThrow(/cannot be read/);
  for (const answer of late) answer();
  await new Promise(setImmediate);
  expect(run.written).toBe(0);
});

describe('results that do not fit', () => {
  const MIB = 2 ** 20;
  /** Large lines. */
  const few = inFull ? 100 : 25;

  /** Two threads, and an output that takes nothing until it is let go. */
  function blocked(lengthOf: (n: number) => number, lines: number, unbegun = 2) {
    const queue: { n: number; settle: (value: unknown) => void; fail: (cause: unknown) => void }[] =
      [];
    const written: number[] = [];
    const output = {
      hasRoom: false,
      unread: false,
      broken: false,
      add: (text: string) => {
        written.push(Number(text.slice(1, 7)));
      },
      flush: async () => {},
    };
    const state = { held: 0, most: 0, computed: 0, opened: 0 };
    const { run, failures } = running({
      output: output as unknown as Output,
      call: (n) =>
        new Promise((settle, fail) => {
          queue.push({ n: n as number, settle, fail });
          state.opened = Math.max(state.opened, queue.length);
        }),
      withdraw: () => {
        for (const { fail } of queue.splice(unbegun)) fail(new PoolClosedError('withdrawn'));
      },
    });
    const input = Array.from({ length: lines }, (_, n) => `${n}\n`).join('');
    const done = run.run(blocksOf(chunks(input)));
    async function compute(): Promise<boolean> {
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
      const next = unbegun === 0 ? queue.pop() : queue.shift();
      next?.settle(String(next.n).padStart(6, '0').padEnd(lengthOf(next.n), 'x'));
      if (next) state.held += lengthOf(next.n);
      state.computed += next ? 1 : 0;
      await new Promise(setImmediate);
      return next !== undefined;
    }
    async function finish(): Promise<void> {
      output.hasRoom = true;
      run.changed();
      while (written.length < lines && (await compute()));
      await done;
    }
    return { run, state, compute, finish, written, failures };
  }

  test.runIf(inFull)('few calls are open before the first result', async () => {
    const { state, compute, finish } = blocked(() => 4 * MIB, few);
    await compute();
    expect(state.opened).toBeLessThan(20);
    while (await compute());
    // Two of 4 MiB fill the window, and two threads may each have begun another.
    expect(state.computed).toBeLessThan(6);
    await finish();
  });

  test.runIf(inFull)(
    'those that were small for 1,000 lines, and are large then, are called again later',
    async () => {
      const world = blocked((n) => (n < 1000 ? 10 : 4 * MIB), 1000 + few);
      const { state, compute, finish, written, failures } = world;
      while (await compute());
      expect(state.opened).toBeGreaterThan(500);
      expect(state.held).toBeLessThan(20 * MIB);
      await finish();
      expect(written).toEqual(Array.from({ length: 1000 + few }, (_, n) => n));
      expect(failures).toEqual([]);
    },
  );

  test.runIf(inFull)(
    'a result that all others wait for is never the one that has no room',
    async () => {
      // The last is answered first, and the first was taken back.
      const world = blocked((n) => (n < 100 ? 10 : 4 * MIB), 100 + few, 0);
      while (await world.compute());
      await world.finish();
      expect(world.written).toEqual(Array.from({ length: 100 + few }, (_, n) => n));
    },
  );

  test('what was taken back is not computed any more when the command is told to stop', async () => {
    const world = blocked((n) => (n < 1000 ? 10 : 4 * MIB), 1100);
    while (await world.compute());
    const { computed } = world.state;
    world.run.withdraw();
    await world.finish();
    expect(world.state.computed).toBe(computed);
    expect(world.written).toEqual(Array.from({ length: computed }, (_, n) => n));
  });
});
