/**
 * The arena under fire: `npm run soak` runs ten minutes with four threads, `npm run soak -- 1 2` one
 * minute with two. Prints what has happened and the memory every few seconds;
 * fails when a value was wrong or the process has grown.
 */

import { Fire } from './fire.ts';

const [minutes = 10, threads = 4] = process.argv.slice(2).map(Number);
const MIB = 2 ** 20;
const REPORT_MS = 5000;
/** What the process may grow by after the first quarter: threads come and go, heaps breathe. */
const GROWTH_MIB = 48;

const fire = new Fire({ maxSize: 2 ** 18, threads, seed: Date.now() % 2 ** 31 });
const started = performance.now();
const length = minutes * 60_000;
let reported = started;
let settled = 0;
let largest = 0;

function rss(): number {
  return Math.round(process.memoryUsage.rss() / MIB);
}

function report(): void {
  const { used, dead, entries } = fire.writer.usage();
  const seconds = Math.round((performance.now() - started) / 1000);
  const numbers = { ...fire.tally, entries, used, dead, rss: rss() };
  const text = Object.entries(numbers).map(([name, value]) => `${name} ${value}`);
  console.log(`${seconds} s: ${text.join(', ')}`);
}

for (let rounds = 1; performance.now() - started < length; rounds++) {
  await fire.round(500);
  if (rounds % 100 === 0) fire.replace();
  if (performance.now() - started < length / 4) settled = Math.max(settled, rss());
  else if (rounds % 10 === 0) largest = Math.max(largest, rss());
  if (performance.now() - reported < REPORT_MS) continue;
  reported = performance.now();
  report();
}
await fire.end();
report();

const { keys, values, entries } = fire.writer.usage();
if (keys + values + entries > 0) throw new Error('entries are left that were removed');
if (largest > settled + GROWTH_MIB) throw new Error(`grown from ${settled} to ${largest} MiB`);
console.log(`No wrong read. At most ${settled} MiB in the first quarter, ${largest} MiB after it.`);
