/** What are the lines of the `lines` question? A million, of which each number comes a thousand times. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const lines = 1_000_000;
export const distinct = 1000;
/** Milliseconds that computing all of them takes one thread, see `functions/line-spin.js`. */
export const computingMs = distinct * 2;

let input: string | undefined;

/** The path of a file of them, made once, and removed when the process ends. */
export function inputFile(): string {
  if (input !== undefined) return input;
  const folder = mkdtempSync(join(tmpdir(), 'threadmemo-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  input = join(folder, 'lines.ndjson');
  // A prime, so that neighbours are not neighbours in the file.
  const numbers = Array.from({ length: lines }, (_, n) => `${(n * 7919) % distinct}\n`);
  writeFileSync(input, numbers.join(''));
  return input;
}
