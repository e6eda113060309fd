/**
 * A pool under fake timers: `before`, all timers and clocks were replaced before threadmemo was
 * loaded, by what does nothing; `node:test`, by Node's own while the pool is used.
 */

import { mock } from 'node:test';

const how = process.argv[2];
const nothing = () => ({ unref() {}, ref() {} });
if (how === 'before') {
  for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'])
    globalThis[name] = nothing;
  globalThis.performance = { now: () => 0, timeOrigin: 0 };
}

const { createPool } = await import('threadmemo');
const { increment, nested } = await import('../../../build/test/fixtures/quick.js');

if (how === 'node:test')
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] });

const pool = await createPool({ threads: 1 });
const answers = [];
for (let n = 0; n < 3; n++) answers.push(await increment(n));
answers.push((await nested(3)).length);
if (how === 'node:test') mock.timers.tick(3_600_000);
answers.push(await increment(0));
await pool.close();
console.log(answers.join(' '), pool.stats().hits);
