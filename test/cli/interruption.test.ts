/** What comes from outside: Ctrl-C and the same command again, readers that go or are slow, a terminal. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cases, inFull } from '../effort.ts';
import { command, Folder, ndjson, numbers } from './command.ts';

/** `.ci/run` asks for a million. */
const lineCount = Number(process.env['THREADMEMO_CLI_LINES'] ?? 100_000);
const megabyte = 2 ** 20;

let folder: Folder;
beforeEach(async () => {
  folder = await Folder.create();
});
afterEach(() => folder?.remove());

const ids = (count: number, wait: number) =>
  numbers(count).map((id) => ({ id, ...(id === wait && { wait: true }) }));

test.runIf(inFull).each(['SIGINT', 'SIGTERM'] as const)(
  '%s: what runs is finished, what is done is written; the same command goes on from there',
  async (signal) => {
    await folder.write('in', ndjson(ids(50, 11)));
    const args = ['map', './functions.js#gated', 'in', '--threads', '1', '--cache', 'kept'];
    const first = folder.start([...args, '--out', 'out']);
    await folder.appears('started');
    first.child.kill(signal);
    await first.says('finishing what runs');
    await folder.write('gate', '');
    const { code, stderr } = await first.ended;
    expect({ code, stderr }).toMatchObject({ code: signal === 'SIGINT' ? 130 : 143 });
    expect(stderr).toContain('the same command goes on from there');
    const partial = await folder.read('out.partial');
    const written = partial.split('\n').length - 1;
    expect(partial).toBe(ndjson(numbers(written)));
    // Tiny tasks are handed over together: one behind the gate may have been done before it.
    expect(written).toBeGreaterThanOrEqual(11);
    expect(written).toBeLessThan(50);
    expect(folder.has('out')).toBe(false);

    const again = await folder.run([...args, '--json', '--out', 'out']);
    const { hitsOnDisk, computed } = JSON.parse(again.stdout);
    expect(hitsOnDisk).toBeGreaterThanOrEqual(written);
    expect(hitsOnDisk + computed).toBe(50);
    expect(await folder.read('out')).toBe(ndjson(numbers(50)));
  },
);

test('a second Ctrl-C ends at once, whatever runs', async () => {
  const { child, ended, says } = folder.start(['map', './functions.js#gated']);
  child.stdin?.write(ndjson(ids(2, 1)));
  await folder.appears('started');
  child.kill('SIGINT');
  await says('once more ends at once');
  child.kill('SIGINT');
  expect((await ended).code).toBe('SIGINT');
});

/** As a person has it, at any moment: how far it has come in a file that is not complete. */
const signals = ['SIGINT', 'SIGTERM', 'SIGKILL'] as const;
const distinct = 500;

/** Runs the command, and sends the signal when so much was written; settles with its report. */
async function interrupted(args: readonly string[], signal: NodeJS.Signals, enough: number) {
  const { child, ended } = folder.start([...args, '--json']);
  let read = 0;
  child.stdout?.on('data', (text) => {
    const before = read;
    read += text.length;
    // Once: a second one would end it at once.
    if (before <= enough && read > enough) child.kill(signal);
  });
  const { code, stdout, stderr } = await ended;
  const report = stderr.split('\n').find((line) => line.startsWith('{')) ?? '{"computed":0}';
  return { code, stdout, stderr, computed: JSON.parse(report).computed as number };
}

test.runIf(inFull).each(numbers(cases(1)))(
  'interrupted anywhere, several times, nothing is wrong and little is computed twice (%i)',
  async () => {
    const inputs = numbers(10_000).map((at) => ({ id: (at * 7919) % distinct }));
    await folder.write('in', ndjson(inputs));
    const args = ['map', './functions.js#busy', 'in', '--cache', 'kept'];
    const all = ndjson(inputs.map(({ id }) => ({ id, square: id * id })));
    let computed = 0;
    let kills = 0;
    for (const _ of numbers(3)) {
      const signal = signals[Math.floor(Math.random() * signals.length)] as NodeJS.Signals;
      // Most is computed before the first twentieth is written.
      const enough = Math.floor(Math.random() ** 2 * (all.length / 10));
      const run = await interrupted(args, signal, enough);
      const what = `${signal} after ${enough} characters: ${run.stderr}`;
      // Too late to matter, it may be.
      expect([0, 130, 143, 'SIGKILL'], what).toContain(run.code);
      expect(all.startsWith(run.stdout), what).toBe(true);
      computed += run.computed;
      kills += run.code === 'SIGKILL' ? 1 : 0;
    }
    const last = await folder.run([...args, '--json']);
    expect(last.stdout).toBe(all);
    computed += JSON.parse(last.stderr).computed;
    // One that was killed did not say what it had computed, and stored.
    if (kills === 0) expect(computed).toBe(distinct);
    else expect(computed).toBeLessThanOrEqual(distinct);
  },
);

test.runIf(inFull)('--unordered: a slow line holds nothing up', async () => {
  const args = ['map', './functions.js#gated', '--unordered', '--threads', '2'];
  const { child, ended } = folder.start(args);
  child.stdin?.end(ndjson(ids(5, 1)));
  const others = new Promise<void>((resolve) => {
    let count = 0;
    child.stdout?.on('data', (text) => {
      count += text.split('\n').length - 1;
      if (count === 4) resolve();
    });
  });
  await others;
  await folder.write('gate', '');
  const { stdout } = await ended;
  expect(stdout.trim().split('\n').at(-1)).toBe('{"line":1,"value":1}');
});

test.runIf(inFull)('a reader that goes away ends it quietly', async () => {
  await folder.write('in', ndjson(numbers(100_000)));
  const line = `${process.execPath} ${command} map ./functions.js#double in | head -3; echo $PIPESTATUS`;
  const { ended } = folder.start(['-c', line], 'bash');
  expect(await ended).toEqual({ code: 0, stdout: '2\n4\n6\n141\n', stderr: '' });
});

test.runIf(inFull)('messages without a reader: the results matter', async () => {
  await folder.write('in', `${ndjson(ids(1, 1))}{\n`.repeat(2));
  const args = ['map', './functions.js#gated', 'in', '--keep-going', '--out', 'out'];
  const { child, ended } = folder.start(args);
  await folder.appears('started');
  child.stderr?.destroy();
  await folder.write('gate', '');
  expect((await ended).code).toBe(1);
  expect(await folder.read('out')).toMatch(/^1\n\{"error".*\n1\n\{"error".*\n$/);
});

test.runIf(inFull)('a reader that reads nothing stops the input', async () => {
  const { child, ended } = folder.start(['map', './functions.js#same', '--quiet']);
  child.stdout?.pause();
  const line = (at: number) => `"${String(at).padStart(4000, '0')}"\n`;
  let given = 0;
  let isStuck = false;
  while (!isStuck && given * 4000 < 64 * megabyte) {
    if (child.stdin?.write(line(given++))) continue;
    // A slow machine may look like a stop: then less than there could be has been given.
    const stuck = new AbortController();
    const timer = setTimeout(() => stuck.abort(), 2000);
    isStuck = await once(child.stdin as NodeJS.EventEmitter, 'drain', stuck).then(
      () => false,
      () => true,
    );
    clearTimeout(timer);
  }
  expect(given * 4000).toBeLessThan(32 * megabyte);
  child.stdin?.end();
  child.stdout?.resume();
  const { stdout } = await ended;
  expect(
    stdout ===
      numbers(given)
        .map((at) => line(at - 1))
        .join(''),
  ).toBe(true);
});

test.runIf(inFull)(
  `${lineCount} lines of 1,000 inputs: in order, complete, in bounded memory`,
  async () => {
    const inputs = numbers(lineCount).map((at) => (at * 7919) % 1000);
    await folder.write('in', inputs.map((id) => `{"id":${id},"name":"number ${id}"}\n`).join(''));
    const args = ['--import', './memory.js', command, 'map', './functions.js#busy', 'in', '-q'];
    const { child, ended } = folder.start(
      ['-c', `exec ${[process.execPath, ...args].join(' ')}`],
      'bash',
    );
    const found = createHash('sha256');
    child.stdout?.on('data', (text) => found.update(text));
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
    const expected = createHash('sha256');
    for (const id of inputs) expected.update(`{"id":${id},"square":${id * id}}\n`);
    expect(found.digest('hex')).toBe(expected.digest('hex'));
    expect(Number(await folder.read('memory'))).toBeLessThan(200 * megabyte);
  },
);

const hasScript = spawnSync('script', ['--version']).status === 0;
if (!hasScript && !process.env['CI']) {
  console.warn('SKIPPED: the progress line, which needs a terminal: install `script` (util-linux)');
}

test.skipIf(!hasScript && !process.env['CI'])(
  'on a terminal there is one line of progress, which is gone in the end',
  async () => {
    await folder.write('in', ndjson(ids(10, 5)));
    const map = `${process.execPath} ${command} map ./functions.js#gated in --out out`;
    const line = `stty cols 200; ${map}`;
    const { child, ended } = folder.start(['-qefc', line, '/dev/null'], 'script');
    let screen = '';
    const drawn = new Promise<void>((resolve) => {
      child.stdout?.on('data', (text) => {
        screen += text;
        if (/4 lines · \d+% · .*ETA/.test(screen)) resolve();
      });
    });
    await drawn;
    await folder.write('gate', '');
    expect((await ended).code).toBe(0);
    const drawings = screen.split('\r\x1b[2K');
    const progress = /^4 lines · \d+% · .*\/s · ETA .* hits · .* deduplicated · .* CPU saved$/;
    expect(drawings).toContainEqual(expect.stringMatching(progress));
    expect(drawings.at(-1)).toMatch(/^threadmemo: 10 lines in .* 10 computed, 0 hits/);
  },
);
