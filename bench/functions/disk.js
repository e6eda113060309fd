/**
 * One measurement in a process of its own, so that nothing is in memory: prints JSON.
 *
 * `disk.js <contestant> <directory> store|read <entries of a kind>`
 *
 * - `store`: calls for all keys of a new directory, 64 at a time, until the directory is closed.
 * - `read`: the same keys again, each once, one after the other.
 */
import { isDeepStrictEqual } from 'node:util';
import { serialize } from 'node:v8';
import { built } from './built.js';
import { kinds, valuesOf } from './disk-values.js';

const [contestant = '', directory = '', job, count] = process.argv.slice(2);
const entries = Number(count);
const callers = 64;
/** Few enough that there are many of them; the median is what counts. */
const batch = 50;

/** @typedef {import('./disk-values.js').DiskKind} DiskKind */
/** @typedef {{ isAsync: boolean, call(kind: DiskKind, n: number): any, fromDisk?(): number, close(): unknown }} Cache */

/** @type {Readonly<Record<string, (path: string) => Promise<Cache>>>} */
const caches = {
  /** lmdb bare, with its own encoding: what a look-up and a value cost without any promise. */
  async lmdb(path) {
    const { open } = await import('lmdb');
    const db = open({ path: `${path}/cache.lmdb` });
    return {
      isAsync: false,
      call(kind, n) {
        const key = `${kind},${n}`;
        return db.get(key) ?? db.put(key, valuesOf[kind](n));
      },
      close: () => db.close(),
    };
  },

  /** The disk tier alone: bytes, which are not decoded. */
  async tier(path) {
    const tier = (await diskTierOf())({ path });
    const fn = 'bench#value';
    /** Of structured clone; whatever a tier is given is what it keeps. */
    const codec = 1;
    return {
      isAsync: true,
      async call(kind, n) {
        const key = `${fn}(${kind},${n})`;
        const found = await tier.get(fn, key);
        if (found) return found;
        const bytes = serialize(valuesOf[kind](n));
        await tier.set(fn, key, { value: { codec, bytes }, expiresAt: Infinity, ms: 1 });
        return undefined;
      },
      close: () => tier.close(),
    };
  },

  /** Memoized calls on the main thread, with a disk tier behind the memory. */
  async threadmemo(path) {
    const { createPool } = await import('./threadmemo.js');
    const diskTier = await diskTierOf();
    const { fields, text } = await import('./disk-memoized.js');
    const functions = { text, fields };
    const pool = await createPool({ threads: 2, tiers: [diskTier({ path })] });
    return {
      isAsync: true,
      call: (kind, n) => functions[kind](n),
      fromDisk: () => text.stats().hitsIn.tiers + fields.stats().hitsIn.tiers,
      close: () => pool.close(),
    };
  },
};

/** Apart from the rest of threadmemo, because it loads lmdb. */
async function diskTierOf() {
  /** @type {typeof import('../../dist/src/disk.js')} */
  const { diskTier } = await import(built('disk'));
  return diskTier;
}

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
 * @param {Cache} cache @param {DiskKind} kind @param {number} from @param {number} to
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
const open = caches[contestant];
if (open === undefined) throw new Error(`no cache is called "${contestant}"`);
const cache = await open(directory);
const numbers = job === 'store' ? await store(cache) : await read(cache, begun);
console.log(JSON.stringify(numbers));
