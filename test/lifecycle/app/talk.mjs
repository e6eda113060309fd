/** `node talk.mjs <end>`: what functions print, and what comes of it when the process ends so. */

import { createPool } from 'threadmemo';
import { crash, loop, talk, talkOn, wait } from './talking.mjs';

process.removeAllListeners('exit');
const end = process.argv[2];
const pool = await createPool({ threads: 1, attempts: 1 });
/** Settles when a function has printed its line, which arrives before anything else of it. */
const printed = (call) =>
  new Promise((resolve) => {
    const { write } = process.stdout;
    process.stdout.write = (chunk) => {
      process.stdout.write = write;
      process.stdout.write(chunk);
      resolve();
    };
    call().catch(({ code }) => console.log(code));
  });

const ends = {
  exit: () => process.exit(),
  throw: () => {
    process.on('uncaughtException', () => process.exit(0));
    throw new Error('thrown');
  },
  close: () => pool.close(),
  return: () => {},
  'close while a function waits': () => printed(wait).then(() => pool.close()),
  'close while a function loops': () => printed(loop).then(() => pool.close()),
};
console.log(await talk('one'));
console.log(await talkOn('two'));
await crash().catch(({ name }) => console.log(name));
// In the thread that replaces the one that has crashed.
console.log(await talkOn('three'));
await ends[end]();
