/**
 * `THREADMEMO_REPORT`: the report of a pool when its process ends, for a first look at any program. `1`
 * prints its text to the standard error; a path that ends with `.json` has it written there.
 *
 * A pool that is closed before leaves its report, and nothing else of it is held.
 */

import { writeFileSync, writeSync } from 'node:fs';
import { wrong } from '../options.ts';
import type { PoolReport } from '../report/pool-report.ts';

const STDERR = 2;

let reports: (() => PoolReport)[] | undefined;

/** What the environment says; `undefined` for no report. @throws {OptionError} */
export function reportPlace(): string | undefined {
  const text = process.env['THREADMEMO_REPORT'] ?? '';
  if (text === '' || text === '0') return undefined;
  if (text === '1' || text.endsWith('.json')) return text;
  const right = '0, 1, or the path of a file that ends with .json';
  throw wrong('the environment variable THREADMEMO_REPORT', text, right);
}

/** @returns to be called when the pool closes */
export function reportAtExit(place: string, report: () => PoolReport): () => void {
  if (!reports) {
    reports = [];
    process.once('exit', () => tell(place));
  }
  const all = reports;
  const at = all.push(report) - 1;
  return () => {
    const last = report();
    all[at] = () => last;
  };
}

/** A process that ends is not held up by what cannot be written. */
function tell(place: string): void {
  try {
    const all = (reports ?? []).map((report) => report());
    const [only] = all;
    if (place === '1') writeSync(STDERR, `${all.map(({ text }) => text).join('\n\n')}\n`);
    else writeFileSync(place, JSON.stringify(all.length === 1 ? only : all));
  } catch {}
}
