/**
 * One call, as a whole program, which prints the answer and the milliseconds of processors that it has
 * had so far: `first-answer.js piscina` of a function in a
 * thread of bare Piscina, `first-answer.js threadmemo` of a memoized function.
 */

if (process.argv[2] === 'piscina') {
  const { Piscina } = await import('piscina');
  const filename = new URL('one.js', import.meta.url).href;
  const pool = new Piscina({ filename, minThreads: 2, maxThreads: 2, recordTiming: false });
  answered(await pool.run(1));
} else {
  const { built } = await import('../built.js');
  /** @type {typeof import('../../../dist/src/index.js')} */
  const { createPool } = await import(built('index'));
  const { plusOne } = await import('./plus-one.js');
  await createPool({ threads: 2 });
  answered(await plusOne(1));
}

/** @param {number} answer */
function answered(answer) {
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ answer, cpu: (user + system) / 1000 }));
  process.exit();
}
