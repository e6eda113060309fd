/** What the command is told to run: plain exports. */

import { existsSync, writeFileSync } from 'node:fs';

const cell = new Int32Array(new SharedArrayBuffer(4));

export const notAFunction = 1;

export function double(x) {
  return x * 2;
}

export function add(a, b) {
  return a + b;
}

export function same(x) {
  return x;
}

export default function negative(x) {
  return -x;
}

export function nothing() {}

export function third(x) {
  if (x === 3) throw new RangeError('three is too many');
  return x;
}

/** What is no error at all. */
export function throws(message) {
  throw message === 'bigint' ? { name: 'X', message: 10n } : message;
}

export function page(x) {
  return String(x).padStart(2000, '-');
}

export function prints(x) {
  console.log('printed');
  return x;
}

export function busy({ id }) {
  const end = performance.now() + 1;
  while (performance.now() < end);
  return { id, square: id * id };
}

/** What JSON would change without a word. */
export function returns(what) {
  const values = {
    map: { found: [new Map()] },
    bigint: { id: 10n },
    buffer: Buffer.from('text'),
    nan: { score: Number.NaN },
    date: { at: new Date(0), none: undefined },
  };
  return values[what];
}

/** For `{"wait": true}`: says that it has started, and waits until the test opens the gate. */
export function gated({ id, wait }) {
  if (wait) writeFileSync('started', '');
  while (wait && !existsSync('gate')) Atomics.wait(cell, 0, 0, 5);
  return id;
}

let computed = 0;

/** Takes 5 ms; tells when ten were computed. */
export function takesMs(x) {
  const end = performance.now() + 5;
  while (performance.now() < end);
  if (++computed === 10) writeFileSync('ten-computed', '');
  return x;
}

/** With what it was given in the message. */
export function refuses(text) {
  throw new RangeError(text);
}

/** Answers, and takes its thread down after that. */
export function leavesBehind(x) {
  void Promise.reject(new Error('forgotten'));
  return x;
}
