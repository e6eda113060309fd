/**
 * One measurement in a process of its own, so that nothing is in memory: prints JSON.
 *
 * `run.js <contestant> <directory> store|read <entries of a kind>`
 *
 * - `store`: calls for all keys of a new directory, 64 at a time, until the directory is closed.
 * - `read`: the same keys again, each once, one after the other.
 */
import { isDeepStrictEqual } from 'node:util';
import { kinds, valuesOf } from './values.js';

const [contestant = '', directory = '', job, count] = process.argv.slice(2);
const entries = Number(count);
const callers = 64;
/** Few enough that there are many of them; the median is what counts. */
const batch = 50;

/** @typedef {{ isAsync: boolean, call(kind: string, n: number): any, fromDisk?(): number, close(): unknown }} Cache */

/** @param {Cache} cache */
async function store({ call, close }) {
  const start = performance.now();
  for (const kind of kinds) {
    let next = 0;
    const caller = async () => {
      while (next < entries) await call(kind, next++);
    };
    await Promise.all(Array.from({ length: callers }, caller));
  }
  await close();
  return { store: (1_000 * (performance.now() - start)) / (entries * kinds.length) };
}

/** @param {Cache} cache @param {number} begun */
async function read(cache, begun) {
  const { call, fromDisk, close } = cache;
  const first = await call('text', 0);
  const answered = performance.now();
  expectRight('text', 0, first);
  /** @type {Record<string, number>} */
  const each = {};
  const half = 1 + batch * Math.floor((entries - 2) / batch / 2);
  // The first half of each kind warms up.
  for (const kind of kinds) await readBatches(cache, kind, 1, half);
  for (const kind of kinds) {
    const before = process.cpuUsage();
    const times = await readBatches(cache, kind, half, entries - 1);
    const { user, system } = process.cpuUsage(before);
    each[kind] = median(times);
    each[`${kind}Cpu`] = (user + system) / (times.length * batch);
    expectRight(kind, entries - 1, await call(kind, entries - 1));
  }
  const wanted = 1 + kinds.length * (1 + batch * Math.floor((entries - 2) / batch));
  const hits = fromDisk?.() ?? wanted;
  if (hits !== wanted) throw new Error(`${hits} of ${wanted} values came from the disk`);
  await close();
  return { ...each, ready: answered - begun };
}

/**
 * @param {Cache} cache @param {string} kind @param {number} from @param {number} to
 * @returns microseconds a hit, in each batch
 */
async function readBatches({ isAsync, call }, kind, from, to) {
  const times = [];
  for (let start = from; start + batch <= to; start += batch) {
    const begun = performance.now();
    if (isAsync) for (let n = start; n < start + batch; n++) await call(kind, n);
    else for (let n = start; n < start + batch; n++) call(kind, n);
    times.push((1_000 * (performance.now() - begun)) / batch);
  }
  return times;
}

/** @param {'text' | 'fields'} kind @param {number} n @param {any} found */
function expectRight(kind, n, found) {
  if (contestant === 'tier') found = found.value.bytes.length > 900 && valuesOf[kind](n);
  if (!isDeepStrictEqual(found, valuesOf[kind](n)))
    throw new Error(`another value of ${kind} ${n}`);
}

/** @param {number[]} numbers */
function median(numbers) {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

const begun = performance.now();
const { open } = await import(`./${contestant}.js`);
const cache = await open(directory);
const numbers = job === 'store' ? await store(cache) : await read(cache, begun);
console.log(JSON.stringify(numbers));
