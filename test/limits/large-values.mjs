/**
 * Values of one size and kind, of which the program holds none: by calls, by `map`, by calls from
 * inside computations, and as the inputs of `map`; beside what a bare Piscina takes that makes the same
 * values and keeps nothing. Prints how many MiB the process took at the most beyond what it took at
 * rest, after each of these.
 *
 * usage: node large-values.mjs threadmemo|piscina text|buffer|objects|shared|mix BYTES VALUES
 */

import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import Piscina from 'piscina';
import { createPool, memoize } from '../../dist/src/index.js';

const ROW = {
  id: 0,
  name: 'a row that takes about a hundred bytes, names included',
  tags: ['a', 'b'],
};
const kinds = {
  text: (n, bytes) => String(n).padEnd(bytes, 'x'),
  buffer,
  objects: (n, bytes) => Array.from({ length: bytes / 80 }, (_, id) => ({ ...ROW, id: id + n })),
  shared: buffer,
  mix: (n, bytes) =>
    kinds[n % 2 ? 'text' : 'buffer'](n, Math.ceil(2 ** ((n * 7.31) % 13) * (bytes / 8192))),
};

function buffer(n, bytes) {
  const all = Buffer.alloc(bytes, n);
  all.writeInt32LE(n);
  return all;
}

const memoized = Object.fromEntries(
  Object.keys(kinds).map((kind) => {
    const options = { name: kind, values: kind === 'shared' ? 'shared' : 'copy' };
    return [kind, memoize(import.meta.url, ([n, bytes]) => kinds[kind](n, bytes), options)];
  }),
);

async function readAll(kind, inputs) {
  for (const input of inputs) await memoized[kind].fork(input);
  return inputs.length;
}
const nested = memoize(import.meta.url, readAll, { name: 'nested' });

const length = memoize(import.meta.url, (value) => value.length, { name: 'length' });

/** What a bare Piscina runs. */
export default ({ value, made: [kind, n, bytes] }) => value?.length ?? kinds[kind](n, bytes);

function mib(name) {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) / 1024;
}

async function* byThreadmemo(kind, bytes, count) {
  await createPool({ threads: 2, maxSize: '64mb' });
  const all = Array.from({ length: count }, (_, n) => [n, bytes]);
  await Promise.all([-1, -2, -3, -4].map((n) => memoized.text([n, 8])));
  const atRest = mib('VmRSS');
  const most = () => mib('VmHWM') - atRest;
  const quarter = () => all.splice(0, count / 4);
  for (const input of quarter()) await memoized[kind](input);
  yield ['calls', most()];
  for await (const _ of memoized[kind].map(quarter()));
  yield ['map', most()];
  const [read, more] = [quarter(), quarter()];
  const half = read.length / 2;
  await Promise.all([nested(kind, read.slice(0, half)), nested(kind, read.slice(half))]);
  yield ['nested', most()];
  for await (const _ of length.map(made(kind, more)));
  yield ['inputs', most()];
}

function* made(kind, inputs) {
  for (const [n, bytes] of inputs) yield kinds[kind](n, bytes);
}

async function* byPiscina(kind, bytes, count) {
  const pool = new Piscina({ filename: import.meta.url, minThreads: 2, maxThreads: 2 });
  const result = (n) => pool.run({ made: [kind, n, bytes] });
  const input = (n) => pool.run({ value: kinds[kind](n, bytes), made: [] });
  await Promise.all([-1, -2, -3, -4].map(result));
  const atRest = mib('VmRSS');
  for (let n = 0; n < count / 2; n += 2) await Promise.all([result(n), result(n + 1)]);
  yield ['results', mib('VmHWM') - atRest];
  for (let n = 0; n < count / 2; n += 2) await Promise.all([input(n), input(n + 1)]);
  yield ['inputs', mib('VmHWM') - atRest];
}

if (isMainThread) {
  const [by, kind, bytes, count] = process.argv.slice(2);
  const run = by === 'piscina' ? byPiscina : byThreadmemo;
  for await (const [what, most] of run(kind, Number(bytes), Number(count))) {
    console.log(`${what} ${Math.round(most)}`);
  }
  process.exit();
}
