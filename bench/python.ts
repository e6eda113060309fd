/**
 * What does a hit cost where this idea comes from? On request only (`--python`): runs
 * `python/hits.py` with the system's Python. How its caches do on disk: see `disk.ts`.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { python } from './python-packages.ts';
import { aligned } from './report.ts';

const script = fileURLToPath(new URL('python/hits.py', import.meta.url));
const labels = { string: '100 characters', fields: '20 fields', bytes: '64 KB' } as const;

type Kind = keyof typeof labels;
/** Nanoseconds a hit. */
export type PythonHits = Readonly<Record<string, Readonly<Record<Kind, number>>>>;

/** Nothing where there is no Python. */
export function measurePython(): PythonHits | undefined {
  if (spawnSync(python, ['--version']).status !== 0) return undefined;
  const { status, stdout } = spawnSync(python, [script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
  });
  if (status !== 0) throw new Error(`${script} ended with ${status}`);
  return JSON.parse(stdout);
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
