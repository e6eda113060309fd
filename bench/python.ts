/**
 * What does a hit cost where this idea comes from? On request only (`--python`): installs joblib and
 * diskcache from Debian, and runs `python/hits.py` with the system's Python, which they belong to.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { aligned } from './report.ts';

const packages = ['python3-joblib', 'python3-diskcache'];
const script = fileURLToPath(new URL('python/hits.py', import.meta.url));
const labels = { string: '100 characters', fields: '20 fields', bytes: '64 KB' } as const;

type Kind = keyof typeof labels;
/** Nanoseconds a hit. */
export type PythonHits = Readonly<Record<string, Readonly<Record<Kind, number>>>>;

/** Nothing where there is no Python. */
export function measurePython(): PythonHits | undefined {
  const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
  if (spawnSync(python, ['--version']).status !== 0) return undefined;
  install(python);
  const { status, stdout } = spawnSync(python, [script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
  });
  if (status !== 0) throw new Error(`${script} ended with ${status}`);
  return JSON.parse(stdout);
}

/** Whatever cannot be installed is left out of the table. */
function install(python: string): void {
  const areThere = () => spawnSync(python, ['-c', 'import diskcache, joblib']).status === 0;
  if (areThere()) return;
  console.error(`Installing: apt-get install -y ${packages.join(' ')}`);
  spawnSync('apt-get', ['install', '-y', '-qq', ...packages], { stdio: ['ignore', 2, 2] });
  if (!areThere()) console.error('They are not there; their rows are left out.');
}

export function pythonText(hits: PythonHits | undefined): string {
  if (hits === undefined)
    return '\npython: there is no python3 here; on Debian: apt-get install -y python3';
  const kinds = Object.keys(labels) as Kind[];
  const heading = kinds.flatMap((kind) => [`ns, ${labels[kind]}`, 'ratio']);
  const rows = Object.entries(hits).map(([name, own]) => [
    name,
    ...kinds.flatMap((kind) => [
      own[kind].toLocaleString('en', { maximumFractionDigits: 0 }),
      (own[kind] / (hits['dict']?.[kind] ?? Number.NaN)).toFixed(2),
    ]),
  ]);
  return [
    '\npython: one cached value, read again and again in one thread; ratios to a dict in the same run',
    aligned([['', ...heading], ...rows]),
    '\nNot shown:',
    '  - other processes: lru_cache is of one process, joblib and diskcache are on disk, for all',
  ].join('\n');
}
