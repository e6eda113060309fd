/** Small applications that come to their end in different ways. None of them calls process.exit(). */

import { createRequire } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import { createPool } from 'threadmemo';
import { begins, begun, hangs, leavesBehind, loops, refreshed, square } from './square.mjs';

const applications = {
  async 'only opens a pool'() {
    await createPool({ threads: 2 });
  },
  async 'calls and never opens or closes a pool'() {
    console.log(await square(7));
  },
  async 'opens a pool, calls, does not close'() {
    await createPool({ threads: 2 });
    console.log(...(await Promise.all([1, 2, 3].map((n) => square(n)))));
  },
  async 'has no threads, and does not close'() {
    await createPool({ threads: 0 });
    console.log(...(await Promise.all([1, 2, 3].map((n) => square(n)))));
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    console.log(loaded.filter((path) => path.includes('piscina')).length);
  },
  async 'is told by its environment to have no threads'() {
    console.log(await square(7), isMainThread);
  },
  async 'calls something that leaves a computation behind'() {
    await createPool({ threads: 2 });
    await leavesBehind(3);
  },
  async 'gives up a call that hangs'() {
    await createPool({ threads: 1 });
    await hangs
      .with({ timeout: 1 })()
      .catch((error) => console.log(error.name));
  },
  async 'gives up a call that loops'() {
    await createPool({ threads: 1 });
    await loops
      .with({ timeout: 1 })()
      .catch((error) => console.log(error.name));
  },
  'is answered while a refresh loops': () => answeredStale('loops'),
  'is answered while a refresh hangs': () => answeredStale('hangs'),
  async 'closes with calls under way'() {
    const pool = await createPool({ threads: 2 });
    const under = [begins(1), begins(2)].map((call) => call.catch((error) => error.name));
    await begun(2);
    const queued = square(1).catch((error) => error.name);
    await pool.close();
    console.log(...(await Promise.all([...under, queued])));
  },
  async 'has no thread that starts'() {
    const execArgv = ['--import', 'file:///no/such/module.mjs'];
    await createPool({ threads: 2, worker: { execArgv } });
    await square(1).catch((error) => console.log(error.name));
  },
};

async function answeredStale(how) {
  const pool = await createPool({ threads: 1 });
  await refreshed(how);
  await refreshed.expire(how);
  console.log(await refreshed(how));
  // Until it is under way in the thread.
  const running = () => pool.inspect().flights.some(({ state }) => state === 'leased');
  while (!running()) await setImmediate();
}

await applications[process.argv[2]]();
