/**
 * What does a hit cost where this idea comes from? On request only (`--python`): runs
 * `python/hits.py` with the system's Python, and its caches on disk take part in `disk.ts`. Their
 * packages come from Debian, and are installed on request.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const packages = ['python3-joblib', 'python3-diskcache'];
export const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

/** What cannot be installed takes no part. */
export function installPythonPackages(): void {
  const areThere = () => spawnSync(python, ['-c', 'import diskcache, joblib']).status === 0;
  if (areThere()) return;
  console.error(`Installing: apt-get install -y ${packages.join(' ')}`);
  spawnSync('apt-get', ['install', '-y', '-qq', ...packages], { stdio: ['ignore', 2, 2] });
  if (!areThere()) console.error('They are not there, and take no part.');
}

/** What a report says of a package of Python's. */
export function pythonMissing(module: string): string | undefined {
  const isThere = spawnSync(python, ['-c', `import ${module}`]).status === 0;
  return isThere ? undefined : `Python has no ${module}; --python installs it from Debian`;
}

/** Of Python and the packages that are there. */
export function pythonVersions(): Readonly<Record<string, string>> {
  const script = `
import importlib, json, platform
found = {"python": platform.python_version()}
for name in ("joblib", "diskcache"):
    try:
        found[name] = importlib.import_module(name).__version__
    except ImportError:
        pass
print(json.dumps(found))`;
  const { status, stdout } = spawnSync(python, ['-c', script], { encoding: 'utf8' });
  return status === 0 ? JSON.parse(stdout) : {};
}

const hitsScript = fileURLToPath(new URL('python/hits.py', import.meta.url));
export const labels = { string: '100 characters', fields: '20 fields', bytes: '64 KB' } as const;

export type Kind = keyof typeof labels;
/** Nanoseconds a hit. */
export type PythonHits = Readonly<Record<string, Readonly<Record<Kind, number>>>>;

/** Nothing where there is no Python. */
export function measurePython(): PythonHits | undefined {
  if (spawnSync(python, ['--version']).status !== 0) return undefined;
  const { status, stdout } = spawnSync(python, [hitsScript], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
  });
  if (status !== 0) throw new Error(`${hitsScript} ended with ${status}`);
  return JSON.parse(stdout);
}
