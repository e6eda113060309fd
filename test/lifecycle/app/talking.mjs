/** Functions that print, and a handle that a module closes when its thread exits. */

import { memoize } from 'threadmemo';

process.on('exit', () => console.log('handle closed'));
// Nothing runs a second time for that.
process.on('exit', (code) => process.exit(code));

const here = import.meta.url;

export const talk = memoize(here, function talk(name) {
  // And forgets it.
  process.stdout.cork();
  for (let line = 1; line <= 4; line++) console.log(`${name} ${line}`);
  process.stdout.write(Buffer.from(`${name} bytes\n`));
  process.stdout.write('ffe90a', 'hex');
  return name;
});

export const talkOn = memoize(here, async function talkOn(name) {
  for (let line = 1; line <= 4; line++) {
    console.log(`${name} ${line}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return name;
});

export const crash = memoize(here, function crash() {
  for (let line = 1; line <= 4; line++) console.log(`crash ${line}`);
  process.exit(1);
});

export const wait = memoize(here, async function wait() {
  console.log('waits');
  await new Promise((resolve) => setTimeout(resolve, 2 ** 30));
});

export const loop = memoize(here, function loop() {
  console.log('loops');
  for (;;);
});
