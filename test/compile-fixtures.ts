/**
 * Before any test: compiles what the threads of the tests load, to `build/test/fixtures/`. While vitest
 * watches, each change of the sources is compiled, and vitest runs the tests of what came of it.
 */

import { execFile, execFileSync } from 'node:child_process';
import { watch } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const fixtures = [at('node_modules/typescript/bin/tsc'), '--project', at('tsconfig.fixtures.json')];
/** By folder: what compiles it. */
const compilers = { src: [at('.ci/build.mjs')], 'test/fixtures': fixtures };

export default function compileFixtures({ vitest }: TestProject): void {
  execFileSync(process.execPath, fixtures, { stdio: 'inherit' });
  if (!vitest.config.watch) return;
  for (const [folder, compiler] of Object.entries(compilers)) {
    const compiles = onceAtATime(() => run(compiler));
    watch(at(folder), { recursive: true, persistent: false }, compiles);
  }
}

/** What it complains of is shown; the tests go on with what they have. */
async function run(program: readonly string[]): Promise<void> {
  const failure = await promisify(execFile)(process.execPath, [...program]).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  if (failure instanceof Error) console.error(`${failure.stdout}${failure.stderr}`);
}

/** Runs it when it is called, and once more after that if it was called meanwhile. */
function onceAtATime(run: () => Promise<void>): () => void {
  let state: 'idle' | 'running' | 'again' = 'idle';
  return async function go(): Promise<void> {
    if (state !== 'idle') {
      state = 'again';
      return;
    }
    do {
      state = 'running';
      await run();
    } while ((state as string) === 'again');
    state = 'idle';
  };
}
