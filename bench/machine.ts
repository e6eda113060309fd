/** Where and with what was this measured? Numbers without it mean nothing later. */
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform } from 'node:os';
import { spinClock } from './functions/spin.js';
import { pythonVersions } from './python-packages.ts';
import { threads } from './scenario.ts';
import { seed } from './zipf.ts';

const packages = [
  ...[
    'piscina',
    'p-memoize',
    'lru-cache',
    'bentocache',
    'async-cache-dedupe',
    'layered-loader',
    'lmdb',
    'ioredis',
  ],
];

/** What stands at the head of every report, in either form. */
export function describeMachine() {
  return {
    date: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    system: `${platform()} ${arch()}`,
    load: (loadavg()[0] ?? 0).toFixed(2),
    threads,
    seed,
    spin: spinClock,
    versions: {
      threadmemo: versionAt('../package.json'),
      "threadmemo's piscina": versionAt('../node_modules/piscina/package.json'),
      ...Object.fromEntries(
        packages.map((name) => [name, versionAt(`node_modules/${name}/package.json`)]),
      ),
      ...pythonVersions(),
    },
  };
}

function versionAt(path: string): string {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version;
}
