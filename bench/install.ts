/**
 * How do the contestants get here? They stay out of the package and of its development: the first
 * run of a benchmark installs them into `bench/node_modules`, by the lock file, and says so.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('.', import.meta.url));

export function installContestants(): void {
  if (isInstalled()) return;
  console.error('Installing the contestants: npm ci --prefix bench');
  // npm's own output must not get into the report.
  execFileSync('npm', ['ci', '--prefix', bench, '--no-audit', '--no-fund'], {
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
}

/** Whether all contestants are there in the versions of the lock file. */
function isInstalled(): boolean {
  // npm writes this file last: a broken installation is repaired.
  const installed = `${bench}node_modules/.package-lock.json`;
  if (!existsSync(installed)) return false;
  const { dependencies } = JSON.parse(readFileSync(`${bench}package.json`, 'utf8'));
  const [wanted, found] = [`${bench}package-lock.json`, installed].map(versionsIn);
  return Object.keys(dependencies).every((name) => wanted?.(name) === found?.(name));
}

function versionsIn(lockFile: string) {
  const { packages } = JSON.parse(readFileSync(lockFile, 'utf8'));
  return (name: string): unknown => packages[`node_modules/${name}`]?.version;
}
