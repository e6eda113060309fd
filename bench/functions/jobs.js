/**
 * What do workers do while they are measured? The same code in the workers of every contestant; all
 * that differs is the member that it asks.
 */
import { isDeepStrictEqual } from 'node:util';
import { keysOf, valueFor } from './cached-values.js';
import { fragmentsOfPages, fragmentsPerPage, meet, takeNumber } from './shared.js';

/**
 * @typedef {object} Member a contestant, as one worker sees it
 * @property {boolean} isAsync whether it answers with promises
 * @property {(key: string) => unknown} value the cached value
 * @property {(id: string) => unknown} fragment the fragment, from the cache or computed
 * @property {(n: number, k: number, cost: number) => number} partitions the sub-problem, from the cache or computed
 * @property {(i: number) => unknown} numbered the cached value of a number
 * @property {boolean} [asksTogether] whether a page's fragments are asked at once
 */

/**
 * @typedef {object} Start
 * @property {number} crowd how many workers begin at the same time
 */

/** @typedef {Start & { readonly keys: import('./cached-values.js').KeyRange, readonly ms: number }} HitOrder */
/** @typedef {Start & { readonly label: string, readonly pages: number, readonly ms: number }} PageOrder */
/** @typedef {Start & { readonly numbers: readonly number[], readonly cost: number }} PartitionOrder */
/** @typedef {Start & { readonly count: number, readonly ms: number }} NumberedOrder */

/**
 * What each job is asked.
 * @typedef {object} Orders
 * @property {HitOrder} readAgain reads a few keys, which this thread has read before, until the time is up; the same once before, unmeasured
 * @property {HitOrder} readOnce reads keys that this thread has not read, each once; no longer than the time
 * @property {PageOrder} renderAll takes pages until all are rendered
 * @property {PartitionOrder} solve counts the partitions of numbers; reports their sum as done
 * @property {NumberedOrder} readNumbered reads values of numbers below the count, in no order, until the time is up
 * @property {PageOrder} renderFor takes pages, from the first again and again, until the time is up
 */

/** @typedef {keyof Orders} JobName */

/**
 * What each job reports: how much it has done, and when it began and ended, in milliseconds on a
 * clock that all threads share.
 * @typedef {object} Report
 * @property {number} done
 * @property {number} began
 * @property {number} ended
 */

const warmUpMs = 30;
/** Reads between two looks at the clock. */
const batch = 500;
/** The same, where each read may take a round trip. */
const batchAwaited = 20;

/**
 * Where read values go, so that no read is without effect.
 * @type {{ last: unknown }}
 */
export const sink = { last: undefined };

const now = () => performance.timeOrigin + performance.now();

/** @type {{ [Name in JobName]: (member: Member, order: Orders[Name]) => Promise<Report> }} */
export const jobs = {
  async readAgain(member, { crowd, keys: range, ms }) {
    const keys = keysOf(range);
    for (const key of keys) expectValue(key, await member.value(key));
    const readFor = (/** @type {number} */ time) =>
      member.isAsync ? readAwaited(member, keys, time, true) : read(member, keys, time, true);
    // The other kinds of values have had their turn: what is compiled is not what is best for this one.
    await readFor(warmUpMs);
    meet(crowd);
    return await readFor(ms);
  },

  async readOnce(member, { crowd, keys: range, ms }) {
    const keys = keysOf(range);
    meet(crowd);
    const report = member.isAsync
      ? await readAwaited(member, keys, ms, false)
      : read(member, keys, ms, false);
    const key = keys[0] ?? '';
    expectValue(key, await member.value(key));
    return report;
  },

  async solve(member, { crowd, numbers, cost }) {
    meet(crowd);
    const began = now();
    let done = 0;
    for (const n of numbers) done += member.partitions(n, n, cost);
    return { done, began, ended: now() };
  },

  async readNumbered({ numbered }, { crowd, count, ms }) {
    meet(crowd);
    const began = now();
    let ended = began;
    let done = 0;
    let random = 1;
    while (ended < began + ms) {
      for (let i = 0; i < batch; i++) {
        random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
        sink.last = numbered(Math.floor((random / 2 ** 32) * count));
      }
      done += batch;
      ended = now();
    }
    return { done, began, ended };
  },

  async renderAll(member, { crowd, label, pages }) {
    const ids = fragmentIds(label);
    meet(crowd);
    const began = now();
    let done = 0;
    for (let number = takeNumber(); number < pages; number = takeNumber(), done++) {
      const page = pageOf(member, ids, number);
      sink.last = member.isAsync ? await page : page;
    }
    return { done, began, ended: now() };
  },

  async renderFor(member, { crowd, label, pages, ms }) {
    const ids = fragmentIds(label);
    meet(crowd);
    const began = now();
    let done = 0;
    for (; now() < began + ms; done++) {
      const page = pageOf(member, ids, takeNumber() % pages);
      sink.last = member.isAsync ? await page : page;
    }
    return { done, began, ended: now() };
  },
};

/**
 * @param {Member} member
 * @param {readonly string[]} keys
 * @param {number} ms
 * @param {boolean} again
 * @returns {Report}
 */
function read({ value }, keys, ms, again) {
  const began = now();
  let ended = began;
  let done = 0;
  let next = 0;
  while (ended < began + ms && next < keys.length) {
    const end = again ? batch : Math.min(batch, keys.length - next);
    for (let i = 0; i < end; i++) {
      sink.last = value(/** @type {string} */ (keys[next++]));
      if (again && next === keys.length) next = 0;
    }
    done += end;
    ended = now();
  }
  return { done, began, ended };
}

/**
 * The same, waiting for each.
 * @param {Member} member
 * @param {readonly string[]} keys
 * @param {number} ms
 * @param {boolean} again
 * @returns {Promise<Report>}
 */
async function readAwaited({ value }, keys, ms, again) {
  const began = now();
  let ended = began;
  let done = 0;
  let next = 0;
  while (ended < began + ms && next < keys.length) {
    const end = again ? batchAwaited : Math.min(batchAwaited, keys.length - next);
    for (let i = 0; i < end; i++) {
      sink.last = await value(/** @type {string} */ (keys[next++]));
      if (again && next === keys.length) next = 0;
    }
    done += end;
    ended = now();
  }
  return { done, began, ended };
}

/**
 * A Buffer that crossed a thread may be a plain Uint8Array: the bytes are what counts.
 * @param {string} key
 * @param {unknown} found
 */
function expectValue(key, found) {
  const expected = valueFor(key);
  const isRight =
    expected instanceof Uint8Array && found instanceof Uint8Array
      ? Buffer.compare(expected, found) === 0
      : isDeepStrictEqual(found, expected);
  if (!isRight) throw new Error(`${key} was answered with another value`);
}

/**
 * A set of fragments that no other set shares an id with.
 * @param {string} label
 */
function fragmentIds(label) {
  const highest = fragmentsOfPages.reduce((most, rank) => Math.max(most, rank), 0);
  return Array.from({ length: highest + 1 }, (_, rank) => `${label}/${rank}`);
}

/**
 * @param {Member} member
 * @param {readonly string[]} ids
 * @param {number} page
 * @returns {string | Promise<string>}
 */
function pageOf(member, ids, page) {
  const ranks = fragmentsOfPages.subarray(page * fragmentsPerPage, (page + 1) * fragmentsPerPage);
  const wanted = Array.from(ranks, (rank) => /** @type {string} */ (ids[rank]));
  if (!member.isAsync) return wanted.map((id) => member.fragment(id)).join('\n');
  return member.asksTogether ? allOf(member, wanted) : oneByOne(member, wanted);
}

/**
 * @param {Member} member
 * @param {readonly string[]} ids
 */
async function allOf(member, ids) {
  return (await Promise.all(ids.map((id) => member.fragment(id)))).join('\n');
}

/**
 * @param {Member} member
 * @param {readonly string[]} ids
 */
async function oneByOne(member, ids) {
  const fragments = [];
  for (const id of ids) fragments.push(await member.fragment(id));
  return fragments.join('\n');
}
