/** What each runner's test asks of the package: the same for all of them. */

import { readdirSync } from 'node:fs';
import { createPool } from 'threadmemo';
import { report } from './report.js';

export async function checks(equal) {
  const pool = await createPool({ threads: 1 });
  const rows = readdirSync('.').filter((name) => name === 'package.json');
  const expected = { rows: 1, first: 'package.json', inWorker: true };
  equal(await report(rows), expected);
  equal(await report(structuredClone(rows)), expected);
  equal(await report(JSON.parse(JSON.stringify(rows))), expected);
  equal(report.stats().computations, 1);
  await pool.close();
}
