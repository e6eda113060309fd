/** Looks at the code of a module, once, and says how long that took. */
const begun = performance.now();
const { Fingerprints } = await import('../../dist/src/fingerprint/fingerprint.js');
const { systemClock } = await import('../../dist/src/clock.js');

const [, , module = '', directory = ''] = process.argv;
const fingerprints = new Fingerprints({
  directory,
  startedAt: performance.timeOrigin,
  // What was written just now would not be remembered.
  clock: { ...systemClock, date: () => Date.now() + 60_000 },
});
const fingerprint = await fingerprints.of(module);
console.log(JSON.stringify({ ms: performance.now() - begun, fingerprint }));
