/** What functions print comes before their outcomes, and is complete however the process ends. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { inFull, variants } from '../effort.ts';

vi.setConfig({ testTimeout: 60_000 });

const main = fileURLToPath(new URL('./app/talk.mjs', import.meta.url));
/** After this it is killed, and the test fails. */
const DEADLINE = 50_000;

const lines = (name: string) => [1, 2, 3, 4].map((line) => `${name} ${line}`);
const printed = [
  ...[...lines('one'), 'one bytes', '\ufffd\ufffd', 'one'],
  ...[...lines('two'), 'two'],
  ...[...lines('crash'), 'handle closed', 'WorkerLostError'],
  ...[...lines('three'), 'three'],
];

async function run(end: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [main, end], {
    timeout: DEADLINE,
  });
  return stdout.trimEnd().split('\n');
}

test.concurrent.each(variants(['throw', 'exit', 'return'], 1))(
  'at the end of a process by %s',
  async (end) => {
    expect(await run(end)).toEqual(printed);
  },
);

describe('a pool that closes runs the exit handlers of its threads', () => {
  test.runIf(inFull).concurrent('which are idle', async () => {
    expect(await run('close')).toEqual([...printed, 'handle closed']);
  });

  test.runIf(inFull).concurrent('of which one has a function that waits', async () => {
    const end = ['waits', 'handle closed', 'ERR_THREADMEMO_POOL_CLOSED'];
    const last = (await run('close while a function waits')).slice(printed.length);
    expect(last.sort()).toEqual(end.sort());
  });

  test.runIf(inFull).concurrent('but for one that loops, which is ended as it is', async () => {
    const end = ['loops', 'ERR_THREADMEMO_POOL_CLOSED'];
    expect((await run('close while a function loops')).slice(printed.length)).toEqual(end);
  });
});
