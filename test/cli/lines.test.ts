/** From bytes to lines, and from a line to a result: without a process, a pool or threads. */

import { openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { blocksOf } from '../../src/cli/lines.ts';
import { MapRun, type MapRunParts } from '../../src/cli/map-run.ts';
import { Output } from '../../src/cli/output.ts';
import { LoadError } from '../../src/errors.ts';

async function* chunks(...all: (string | Uint8Array)[]): AsyncGenerator<Buffer> {
  for (const each of all) yield Buffer.from(each as string);
}

interface Failure {
  readonly line: number;
  readonly error: unknown;
}

/** A run whose results nobody sees. */
function running(parts: Partial<MapRunParts>) {
  const failures: Failure[] = [];
  const output = new Output(openSync('/dev/null', 'w'), () => run.changed());
  const run: MapRun = new MapRun({
    call: async (value) => value,
    hold: () => undefined,
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
