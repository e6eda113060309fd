/**
 * Two programs that read lines of JSON from one file and write one for each into another:
 *
 * - `lines.js only <input> <output>` parses them, and computes nothing: what lines cost.
 * - `lines.js by-hand <input> <output>` is what one would write: Piscina, a Map of promises by line,
 *   results in order, and as many lines at once as are in a chunk of the file.
 */
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';

const [, , program, input = '', output = ''] = process.argv;
const out = createWriteStream(output);

/** @param {(lines: string[]) => string | Promise<string>} textOf what is written for some lines */
async function convert(textOf) {
  let rest = '';
  for await (const chunk of createReadStream(input, 'utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    const text = textOf(lines);
    if (!out.write(typeof text === 'string' ? text : await text)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}

/** @param {string[]} lines */
function doubled(lines) {
  let text = '';
  for (const line of lines) text += `${JSON.stringify(JSON.parse(line) * 2)}\n`;
  return text;
}

async function convertByHand() {
  const { Piscina } = await import('piscina');
  const filename = new URL('line-spin.js', import.meta.url).href;
  const pool = new Piscina({ filename, minThreads: 2, maxThreads: 2 });
  /** @type {Map<string, string | Promise<string>>} */
  const known = new Map();

  /** @param {string} line */
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

  await convert(async (lines) => {
    let text = '';
    for (const result of lines.map(resultOf)) {
      text += typeof result === 'string' ? result : await result;
    }
    return text;
  });
  await pool.destroy();
}

if (program === 'by-hand') await convertByHand();
else await convert(doubled);
