/** Reads lines of JSON, parses them, writes one for each, and computes nothing: what lines cost. */

import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';

const [input, output] = process.argv.slice(2);
const out = createWriteStream(output);
let rest = '';
for await (const chunk of createReadStream(input, 'utf8')) {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  let text = '';
  for (const line of lines) text += `${JSON.stringify(JSON.parse(line) * 2)}\n`;
  if (!out.write(text)) await once(out, 'drain');
}
out.end();
await once(out, 'finish');
