/**
 * The functions that are measured, as anybody would write them: no cache, no threads. Plain
 * JavaScript, because a worker of Node 20 that Piscina starts cannot import TypeScript.
 */
import { countComputation } from './counts.js';
import { spin } from './spin.js';

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
