/** Small applications that come to their end in different ways. None of them calls process.exit(). */

import { createPool } from 'threadmemo';
import { begins, begun, hangs, leavesBehind, loops, square } from './square.mjs';

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

await applications[process.argv[2]]();
