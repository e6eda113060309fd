/**
 * How do the contestants get here? They stay out of the package and of its development: the first
 * run of a benchmark installs them into `bench/node_modules`, by the lock file, and says so.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function installContestants(): void {
  const bench = fileURLToPath(new URL('.', import.meta.url));
  // npm writes this file last: a broken installation is repaired.
  if (existsSync(`${bench}node_modules/.package-lock.json`)) return;
  console.error('Installing the contestants: npm ci --prefix bench');
  // npm's own output must not get into the report.
  execFileSync('npm', ['ci', '--prefix', bench, '--no-audit', '--no-fund'], {
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
}
