/** `threadmemo compare`, and the report that any program can leave when it ends. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { inFull, variants } from '../effort.ts';
import { Folder } from './command.ts';

let folder: Folder;
beforeAll(async () => {
  folder = await Folder.create();
  await folder.write(
    'work.mjs',
    `import { memoize } from 'threadmemo';
    export const slow = memoize(import.meta.url, function slow(n) {
      const end = performance.now() + 20;
      while (performance.now() < end);
      return n;
    });`,
  );
  await folder.write(
    'program.mjs',
    `import { slow } from './work.mjs';
    import { createPool } from 'threadmemo';
    const pool = await createPool({ threads: 1 });
    for (let n = 0; n < 60; n++) await slow(n % 3);
    console.log(slow.stats().computations);
    if (process.argv[2] === 'closes') await pool.close();
    if (process.argv[2] === 'fails') throw new Error('of no use');`,
  );
});
afterAll(() => folder?.remove());

const node = (...args: string[]) => ['--', process.execPath, 'program.mjs', ...args];

test.runIf(inFull)('runs the program both ways, and prints figures and the report', async () => {
  const { code, stdout, stderr } = await folder.run(['compare', '--runs', '2', ...node()]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stderr).toContain('run 2 of 2');
  expect(stdout).toMatch(/^median of 2 +with the cache +without \(THREADMEMO_OFF=1\)\n/);
  expect(stdout).toMatch(/\nwall time +\S+ \(\S+ to \S+\) +\S+ \(\S+ to \S+\) +\d+\.\d\d times /);
  expect(stdout).toMatch(/\nCPU time +/);
  expect(stdout).toMatch(/\nslow +60 +95 % +3 /);
});

test.runIf(inFull)('as JSON: what is computed without the cache takes its time', async () => {
  const { stdout } = await folder.run(['compare', '-n', '1', '--json', ...node('closes')]);
  const compared = JSON.parse(stdout);
  expect(compared.without[0].wallMs).toBeGreaterThan(60 * 20);
  expect(compared.without[0].cpuMs).toBeGreaterThan(0);
  expect(compared.with[0].cpuMs).toBeGreaterThan(0);
  expect(compared.report.functions[0]).toMatchObject({ calls: 60, computations: 3 });
});

test.runIf(inFull)('a program that fails, or that is not there, is no comparison', async () => {
  const failed = await folder.run(['compare', '-n', '1', ...node('fails')]);
  expect(failed.code).toBe(2);
  expect(failed.stderr).toMatch(/ended with 1 with the cache, and said:.*of no use/s);
  const missing = await folder.run(['compare', '--', './no-such-program']);
  expect(missing.code).toBe(2);
  expect(missing.stderr).toContain('cannot run ./no-such-program');
});

test.each(variants(['', 'closes'], 1))(
  'THREADMEMO_REPORT=1: a program that %s leaves its report',
  async (how) => {
    const { ended } = folder.start(['program.mjs', how], 'node', { THREADMEMO_REPORT: '1' });
    const { code, stdout, stderr } = await ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '3\n' });
    expect(stderr).toMatch(/^threadmemo: .+ of computing saved in /);
    expect(stderr).toContain('Nothing was found that does not pay.');
  },
);

test('and it must be a place for it', async () => {
  const { ended } = folder.start(['program.mjs'], 'node', { THREADMEMO_REPORT: 'yes' });
  expect((await ended).stderr).toContain(
    "THREADMEMO_REPORT is 'yes'; it must be 0, 1, or the path",
  );
});
