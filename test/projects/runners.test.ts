/**
 * A user's tests, as docs/guides/testing.md has them: each runner finds the functions, has their data in a
 * realm of its own, its mocks, clocks and timers beside a pool, and ends by itself, with the right code.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Project } from '../package/project.ts';
import { createProjectWithTools, SETUP_MS } from './tools.ts';

interface Runner {
  readonly command: readonly string[];
  /** All of them have so many tests. */
  readonly files: readonly string[];
  readonly tests: number;
  /** Those of `layout`. */
  readonly some: string;
  /** Where files of one worker share a pool; Jest gives each a realm, and so a pool, of its own. */
  readonly sharedPools?: number;
}

const vitest = ['node_modules/vitest/vitest.mjs', 'run'];
const jest = ['node_modules/jest/bin/jest.js', '--config'];
const common = { files: [], tests: 7, some: 'layout' };

const runners: Record<string, Runner> = {
  'vitest, in threads': { ...common, command: [...vitest, '--pool=threads'], sharedPools: 1 },
  'vitest, in processes': { ...common, command: [...vitest, '--pool=forks'], sharedPools: 1 },
  'Jest, with ES modules': {
    ...common,
    command: ['--experimental-vm-modules', '--no-warnings', ...jest, 'jest.esm.config.js'],
  },
  'node:test': {
    command: ['--test', '--test-reporter=tap', '--experimental-test-module-mocks'],
    files: ['realms', 'prices', 'faults', 'shared'].map((name) => `${name}.node.spec.js`),
    tests: 7,
    some: 'shared.node.spec.js',
    sharedPools: 1,
  },
};
const withCommonJs: Runner = { ...common, command: [...jest, 'jest.swc.config.js'], tests: 2 };

let project: Project;
beforeAll(async () => {
  project = await createProjectWithTools('tested');
}, SETUP_MS);
afterAll(() => project?.remove());

/** Changes a file of the project until the end of the test. */
async function edit(file: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(join(project.folder, file), 'utf8');
  expect(change(text)).not.toBe(text);
  await project.write(file, change(text));
  onTestFinished(() => project.write(file, text));
}

/** It ends by itself, or `node()` throws. */
async function run(...args: readonly string[]): Promise<{ code: number; printed: string }> {
  const { code, stdout, stderr } = await project.node(...args);
  const printed = stripVTControlCharacters(stdout + stderr);
  expect(printed).not.toMatch(/did not exit|Force exiting|leaked|open handle/i);
  return { code, printed };
}

const inTime = { timeout: 120_000 };

test.each(Object.entries({ ...runners, 'Jest, with CommonJS made by swc': withCommonJs }))(
  '%s',
  inTime,
  async (_, { command, files, tests, sharedPools = 0 }) => {
    await edit('pool.js', (text) => `${text}console.log('opened the shared pool');\n`);
    const { code, printed } = await run(...command, ...files);
    const passed = new RegExp(`Tests:? +${tests} passed|pass ${tests}\n`);
    expect({ code, printed }).toEqual({ code: 0, printed: expect.stringMatching(passed) });
    expect(printed.match(/opened the shared pool/g) ?? []).toHaveLength(sharedPools);
  },
);

test.each(Object.entries(runners))(
  '%s: a fault in a function of the pool fails the run, which ends',
  inTime,
  async (_, { command, some }) => {
    await edit('layout.js', (text) => text.replace('length > width', 'length > width / 2'));
    const { code, printed } = await run(...command, some);
    const failed = /Tests:? +1 failed|fail 1\n/;
    expect({ code, printed }).toEqual({ code: 1, printed: expect.stringMatching(failed) });
  },
);
