/**
 * The program that one would write: Piscina, a Map of promises by line, results in order, and as
 * many lines at once as are in a chunk of the file.
 */

import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { Piscina } from 'piscina';

const [input, output] = process.argv.slice(2);
const filename = new URL('line-spin.js', import.meta.url).href;
const pool = new Piscina({ filename, minThreads: 2, maxThreads: 2 });
const known = new Map();
const out = createWriteStream(output);

function resultOf(line) {
  let result = known.get(line);
  if (result === undefined) {
    const computed = pool.run(JSON.parse(line)).then((value) => `${JSON.stringify(value)}\n`);
    // Most lines come again: they should not wait for a promise that has settled.
    computed.then((text) => known.set(line, text));
    known.set(line, computed);
    result = computed;
  }
  return result;
}

let rest = '';
for await (const chunk of createReadStream(input, 'utf8')) {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  const results = lines.map(resultOf);
  let text = '';
  for (const result of results) text += typeof result === 'string' ? result : await result;
  if (!out.write(text)) await once(out, 'drain');
}
out.end();
await once(out, 'finish');
await pool.destroy();
