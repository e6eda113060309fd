/** The process does not exit because a port, timer or worker holds it. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 60_000 });

const main = fileURLToPath(new URL('./app/main.mjs', import.meta.url));
/** After this it is killed, and the test fails. */
const DEADLINE = 50_000;

test.concurrent.each([
  ['only opens a pool', ''],
  ['calls and never opens or closes a pool', '49\n'],
  ['opens a pool, calls, does not close', '1 4 9\n'],
  ['calls something that leaves a computation behind', ''],
  ['gives up a call that hangs', 'TimeoutError\n'],
  ['gives up a call that loops', 'TimeoutError\n'],
  ['closes with calls under way', 'PoolClosedError PoolClosedError PoolClosedError\n'],
  ['has no thread that starts', 'WorkerLostError\n'],
])('an application ends by itself that %s', async (application, output) => {
  const run = promisify(execFile)(process.execPath, [main, application], { timeout: DEADLINE });
  expect(await run).toEqual({ stdout: output, stderr: '' });
});
