/** The first example runs as it is, under tsx, as TypeScript with its types stripped, and as CommonJS. */

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const hello = join(root, 'examples/hello');
const printed = '[ 78498, 114155, 78498, 114155 ]\n{ computations: 2, waits: 2 }\n';
const stripsTypes = Reflect.get(process.features, 'typescript') === 'strip';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'threadmemo-hello-'));
  await mkdir(join(folder, 'node_modules'));
  await symlink(root, join(folder, 'node_modules/threadmemo'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => removeFolder(folder));

async function node(...args: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: folder });
  expect(stderr.replaceAll(/.*ExperimentalWarning.*\n.*\n/g, '')).toBe('');
  return stdout;
}

test('as plain JavaScript', async () => {
  await cp(hello, folder, { recursive: true });
  expect(await node('main.js')).toBe(printed);
});

test.runIf(inFull)('under tsx', async () => {
  expect(await node(join(root, 'node_modules/tsx/dist/cli.mjs'), join(hello, 'main.js'))).toBe(
    printed,
  );
});

test.runIf(stripsTypes)('as TypeScript whose types Node strips', async () => {
  const [primes, main] = await Promise.all(
    ['primes.js', 'main.js'].map((file) => readFile(join(hello, file), 'utf8')),
  );
  await writeFile(
    join(folder, 'primes.ts'),
    String(primes).replace('(limit)', '(limit: number): number'),
  );
  await writeFile(join(folder, 'main.ts'), String(main).replace('primes.js', 'primes.ts'));
  expect(await node('main.ts')).toBe(printed);
});

test.runIf(inFull)('as CommonJS', async () => {
  const [primes, main] = await Promise.all(
    ['primes.js', 'main.js'].map((file) => readFile(join(hello, file), 'utf8')),
  );
  const common = String(primes)
    .replace("import { memoize } from 'threadmemo'", "const { memoize } = require('threadmemo')")
    .replace('import.meta.url', '__filename')
    .replace('export const countPrimes =', 'exports.countPrimes =');
  const start = String(main)
    .replace(/import (.*) from '.*';/, "const $1 = require('./primes.cjs');\n(async () => {")
    .concat('})();');
  await writeFile(join(folder, 'primes.cjs'), common);
  await writeFile(join(folder, 'main.cjs'), start);
  expect(await node('main.cjs')).toBe(printed);
});

test('README.md shows it as it is', async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  for (const file of ['primes.js', 'main.js']) {
    const code = (await readFile(join(hello, file), 'utf8')).replace(/^\/\/.*\n/, '').trim();
    expect(readme).toContain(code);
  }
});
