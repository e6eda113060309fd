/**
 * Imports a module, named by the argument, and prints what that has left behind in the process; then
 * the same for opening a pool.
 */
// Opens the standard error stream; the suite of tiers, which uses it, is for tests.
import 'node:assert';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { setImmediate as nextTurn } from 'node:timers/promises';

const threads = createRequire(import.meta.url)('node:worker_threads');
const environment = [];
const { setEnvironmentData } = threads;
threads.setEnvironmentData = (key, value) => {
  environment.push(key);
  setEnvironmentData(key, value);
};
syncBuiltinESMExports();

let sharedBytes = 0;
globalThis.SharedArrayBuffer = class extends SharedArrayBuffer {
  constructor(bytes, ...rest) {
    super(bytes, ...rest);
    sharedBytes += bytes;
  }
};

/** What was there before is not shown. */
function watch() {
  const listeners = () =>
    process.eventNames().flatMap((name) => process.listeners(name).map(() => String(name)));
  const before = [listeners(), process.getActiveResourcesInfo(), Reflect.ownKeys(globalThis)];
  environment.length = 0;
  sharedBytes = 0;
  return async () => {
    await nextTurn();
    await nextTurn();
    const after = [listeners(), process.getActiveResourcesInfo(), Reflect.ownKeys(globalThis)];
    const [more, resources, globals] = after.map((all, at) => without(all, before[at]).map(String));
    return { listeners: more, resources, globals, environment: [...environment], sharedBytes };
  };
}

function without(all, some) {
  const left = [...all];
  for (const each of some) if (left.includes(each)) left.splice(left.indexOf(each), 1);
  return left;
}

const imported = watch();
await import(process.argv[2]);
const ofImport = await imported();

const { createPool } = await import('threadmemo');
const opened = watch();
const pool = await createPool();
const ofPool = await opened();
await pool.close();
console.log(JSON.stringify({ ofImport, ofPool }));
