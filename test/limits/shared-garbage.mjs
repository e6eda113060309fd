/** Gets shared memory and drops it; prints the most MiB that the process has taken meanwhile. */

import { arrived, sharedCopy } from '../../dist/src/values/shared-memory.js';

const MIB = 2 ** 20;
const source = new Uint8Array(MIB).fill(7);

/** As a message brings it: nobody has said that it was made. */
function sent() {
  const bytes = new Uint8Array(new SharedArrayBuffer(MIB)).fill(7);
  arrived({ codec: 8, bytes });
}

const get = process.argv[2] === 'sent' ? sent : () => sharedCopy(source);
let most = 0;
for (let n = 0; n < 1500; n++) {
  get();
  await new Promise((resolve) => setImmediate(resolve));
  most = Math.max(most, process.memoryUsage.rss());
}
console.log(Math.round(most / MIB));
