/**
 * A thread that the application has started itself: does what it is told, and says what came of it.
 * `workerData` may have something to be done before anything else can be said to it.
 */

import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import * as threadmemo from 'threadmemo';
import * as blocking from '../../../build/test/fixtures/blocking.js';
import * as errors from '../../../build/test/fixtures/cached-errors.js';
import * as attached from '../../../build/test/fixtures/contexts-kept.js';
import { arrive, count, counted } from '../../../build/test/fixtures/counters-and-gates.js';
import * as gated from '../../../build/test/fixtures/gated.js';
import * as hanging from '../../../build/test/fixtures/hanging.js';
import * as primed from '../../../build/test/fixtures/primed.js';
import * as quick from '../../../build/test/fixtures/quick.js';
import * as limits from '../../../build/test/fixtures/time-limits.js';
import * as where from '../../../build/test/fixtures/where.js';

const functions = {
  ...attached,
  ...errors,
  ...blocking,
  ...gated,
  ...hanging,
  ...quick,
  ...limits,
  ...primed,
  ...where,
};

const deeds = {
  call: (name, ...args) => functions[name](...args),
  /** In a context of its own, such as a request is handled in. */
  within: (store, name, ...args) => functions.context.run(store, () => functions[name](...args)),
  sync: (name, ...args) => functions[name].sync(...args),
  fork: (name, ...args) => functions[name].fork(...args),
  peek: (name, ...args) => functions[name].peek(...args),
  has: (name, ...args) => functions[name].has(...args),
  stats: (name) => functions[name].stats(),
  invalidate: (name, ...args) => functions[name].invalidate(...args),
  set: (name, args, value) => functions[name].set(args, value),
  explain: (name, ...args) => functions[name].explain(...args),
  /** Gives up when the gate opens. */
  abandon(name, args, gate) {
    const going = new AbortController();
    void arrive(gate).then(() => going.abort(new Error('given up')));
    return functions[name].with({ signal: going.signal })(...args);
  },
  /** Blocks the thread until the counter has moved. */
  spin(name) {
    count(`${name}:spins`);
    while (counted(name) === 0);
  },
  openPool: async () => void (await threadmemo.createPool({ threads: 1 })),
  closePool: async () => {
    const pool = await threadmemo.createPool({ threads: 1 });
    await pool.close();
  },
  nothing() {},
  /** Says so when the claim of its call was posted. */
  sayThenAwait(gate) {
    const call = functions.gated(gate);
    count(`${gate}:said`);
    return call;
  },
  /** The same for a value. */
  sayThenSet(gate) {
    const set = functions.increment.set([gate], 9);
    count(`${gate}:said`);
    return set;
  },
  /** Nothing but its calls keeps the thread alive from now on. */
  letGo: () => parentPort.unref(),
  throws: () => void setImmediate(() => Promise.reject(new RangeError('of its own'))),
};

async function answer({ id, deed, args }) {
  try {
    parentPort.postMessage({ id, value: await deeds[deed](...args) });
  } catch ({ name, code, message }) {
    parentPort.postMessage({ id, error: { name, code, message } });
  }
}

if (isMainThread) throw new Error('this is for a worker');
const before = workerData ? [answer({ id: 0, ...workerData })] : [];
parentPort.on('message', answer);
await Promise.all(before);
