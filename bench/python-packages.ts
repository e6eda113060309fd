/** Where do Python's caches come from? From Debian, for the system's Python; installed on request. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

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
