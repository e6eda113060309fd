/**
 * What tiers return may have been written by another program, with right checksums: no bytes may end
 * the process, hang it, or become an error of a call. Both programs run with a heap of 64 MiB.
 */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { cases, variants } from '../effort.ts';

const MIB = 2 ** 20;

async function run(script: string, ...args: string[]): Promise<Record<string, unknown>> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const node = ['--max-old-space-size=64', path, ...args];
  const failed = (error: { stdout: string; stderr: string }) => {
    throw new Error(`${error.stdout.slice(0, 2000)}${error.stderr.slice(0, 2000)}`);
  };
  const { stdout } = await promisify(execFile)(process.execPath, node).catch(failed);
  return JSON.parse(stdout);
}

test.each(variants([1, 2], 1))(
  'mutated values and records are values or misses, seed %i',
  async (seed) => {
    const counts = await run('decoders.mjs', String(seed), String(cases(2000)));
    expect(counts).toEqual({
      sound: expect.any(Number),
      refused: expect.any(Number),
      records: expect.any(Number),
    });
    expect(Math.min(...(Object.values(counts) as number[]))).toBeGreaterThan(100);
  },
  600_000,
);

test('few bytes that claim much are refused, and take no memory', async () => {
  const { through, maxRss } = await run('bombs.mjs');
  // Arrays so long are dictionaries: their holes take no memory.
  expect(through).toEqual(['many arrays of 2^25 + 1 holes', 'many arrays of 2^32 - 1 holes']);
  expect(maxRss).toBeLessThan(256 * MIB);
});
