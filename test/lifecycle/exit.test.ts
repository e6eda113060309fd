/** The process does not exit because a port, timer or worker holds it. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { variants } from '../effort.ts';

vi.setConfig({ testTimeout: 60_000 });

const main = fileURLToPath(new URL('./app/main.mjs', import.meta.url));
/** After this it is killed, and the test fails. */
const DEADLINE = 50_000;

/** The first are the most different ones. */
const applications: [application: string, output: string, env?: NodeJS.ProcessEnv][] = [
  ['opens a pool, calls, does not close', '1 4 9\n'],
  ['gives up a call that loops', 'TimeoutError\n'],
  ['is told by its environment to have no threads', '49 true\n', { THREADMEMO_THREADS: '0' }],
  ['closes with calls under way', 'PoolClosedError PoolClosedError PoolClosedError\n'],
  ['only opens a pool', ''],
  ['calls and never opens or closes a pool', '49\n'],
  ['has no threads, and does not close', '1 4 9\n0\n'],
  ['calls something that leaves a computation behind', ''],
  ['is answered while a refresh loops', 'loops\n'],
  ['is answered while a refresh hangs', 'hangs\n'],
  ['gives up a call that hangs', 'TimeoutError\n'],
  ['has no thread that starts', 'WorkerLostError\n'],
];

test.concurrent.each(variants(applications, 3))(
  'an application ends by itself that %s',
  async (application, output, env = {}) => {
    const options = { timeout: DEADLINE, env: { ...process.env, ...env } };
    const run = promisify(execFile)(process.execPath, [main, application], options);
    expect(await run).toEqual({ stdout: output, stderr: '' });
  },
);
