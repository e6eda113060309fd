/** Looks at the code of a module, once, and says how long that took. */
import { part } from './built.js';

const begun = performance.now();
/** @type {typeof import('../../build/src/code-version/fingerprint.js')} */
const { Fingerprints } = await import(part('code-version/fingerprint'));
/** @type {typeof import('../../build/src/clock.js')} */
const { systemClock } = await import(part('clock'));

const [, , module = '', directory = ''] = process.argv;
const fingerprints = new Fingerprints({
  directory,
  startedAt: performance.timeOrigin,
  // What was written just now would not be remembered.
  clock: { ...systemClock, date: () => Date.now() + 60_000 },
});
const fingerprint = await fingerprints.of(module);
console.log(JSON.stringify({ ms: performance.now() - begun, fingerprint }));
