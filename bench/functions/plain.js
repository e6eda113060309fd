/**
 * The functions that are measured, as a user would write them: no cache, no threads. Plain
 * JavaScript, because a worker of Node 20 that Piscina starts cannot import TypeScript.
 */
import { setTimeout } from 'node:timers/promises';
import { countComputation } from './shared.js';

/**
 * How much a contestant may keep: the same for all, and enough that no scenario evicts anything.
 * Eviction is a question of its own.
 */
export const cacheEntries = 100_000;

/** Nominal costs in milliseconds; the scenarios' ideals are made of them. */
export const zipfCost = 2;
export const stampedeCost = 20;
export const fragmentCost = 1;

/** @param {number} n */
export function addOne(n) {
  return n + 1;
}

/** @param {number} key */
export function cost2ms(key) {
  countComputation(key);
  spin(zipfCost);
  return key + 1;
}

/** @param {number} key */
export function cost20ms(key) {
  countComputation(key);
  spin(stampedeCost);
  return key + 1;
}

/** @param {number} key */
export async function wait20ms(key) {
  await setTimeout(20);
  return key + 1;
}

/** @param {number} key */
export async function wait100ms(key) {
  await setTimeout(100);
  return key + 1;
}

/** @param {number} key */
export function cost1ms(key) {
  spin(1);
  return key + 1;
}

/** Milliseconds, 1 to 9 and 5 on average, in an order without order. @param {number} key */
export function unevenCost(key) {
  return 1 + (Math.imul(key, 0x9e3779b1) >>> 0) / 2 ** 29;
}

/** @param {number} key */
export function uneven(key) {
  spin(unevenCost(key));
  return key + 1;
}

/** A part of a page, of the scenario `fragments`. @param {string} id ends with a number below `slots` */
export function fragment(id) {
  countComputation(Number(id.slice(id.lastIndexOf('/') + 1)));
  spin(fragmentCost);
  return id.padEnd(200, '.');
}

/** The values of the scenario `hit-main`. */
export const kinds = /** @type {const} */ (['number', 'string', 'object', 'buffer']);

/** @typedef {typeof kinds[number]} Kind */

/** @param {Kind} kind */
export function value(kind) {
  switch (kind) {
    case 'number':
      return 0.1 + 0.2;
    case 'string':
      return 'threadmemo'.repeat(10);
    case 'object':
      return twentyFields();
    case 'buffer':
      return Buffer.alloc(64 * 1024, 'threadmemo');
  }
}

function twentyFields() {
  const fields = Array.from({ length: 20 }, (_, i) => [
    `field${i}`,
    i % 2 === 0 ? i * 1.5 : `text ${i}`,
  ]);
  return Object.fromEntries(fields);
}

/** Above every n and k of {@link partitions}. */
const base = 256;

/**
 * A recursive problem, of the scenario `sync`: in how many ways is n a sum of numbers up to k? Each
 * sub-problem also does so much busy work, and asks for two others.
 * @param {number} n
 * @param {number} k at most n
 * @param {number} cost microseconds of busy work
 * @param {(n: number, k: number, cost: number) => number} ask for a sub-problem
 * @returns {number}
 */
export function partitions(n, k, cost, ask) {
  countComputation(n * base + k);
  const without = k === 2 ? 1 : ask(n, k - 1, cost);
  const rest = n - k;
  const withOne = rest < 2 ? 1 : ask(rest, Math.min(k, rest), cost);
  spin(cost / 1_000);
  return without + withOne;
}

/** One number for a sub-problem: the cheapest key for a `Map`. @type {(n: number, k: number, cost: number) => number} */
export const partitionKey = (n, k, cost) => (cost * base + n) * base + k;

/** `process.threadCpuUsage` (Node 23.9 and later) is unknown to the types of Node 20. */
const threadCpuUsage = /** @type {undefined | (() => { user: number, system: number })} */ (
  Reflect.get(process, 'threadCpuUsage')
);

/** Which clock {@link spin} goes by. */
export const spinClock = threadCpuUsage === undefined ? 'wall clock' : 'thread CPU clock';

/** @returns {number} milliseconds */
function now() {
  if (threadCpuUsage === undefined) return performance.now();
  const { user, system } = threadCpuUsage();
  return (user + system) / 1000;
}

/**
 * Keeps this thread busy until its clock says so: its own CPU clock where Node has one, else the wall
 * clock. Under the wall clock a thread that the system set aside still "computes", so a busy main
 * thread costs less than it would with real work.
 * @param {number} ms
 */
export function spin(ms) {
  const end = now() + ms;
  while (now() < end);
}
