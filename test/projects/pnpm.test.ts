/**
 * One library in one version that pnpm installs twice, because it has a peer in two versions: two
 * copies with the same content are one function, and the application starts.
 */

import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Project } from '../package/project.ts';
import { removeFolder } from '../remove-folder.ts';
import { createProjectWithTools, online, SETUP_MS, toolFolder } from './tools.ts';

let project: Project;
let home: string;
beforeAll(async () => {
  project = await createProjectWithTools('tested');
  home = await mkdtemp(join(tmpdir(), 'threadmemo-pnpm-'));
}, SETUP_MS);
afterAll(async () => {
  await project?.remove();
  await removeFolder(home);
});

const FILES: Readonly<Record<string, string | object>> = {
  'library/package.json': {
    ...{ name: 'library', version: '1.0.0', type: 'module', exports: './index.js' },
    peerDependencies: { threadmemo: '*', 'is-number': '*' },
  },
  'library/index.js': `
    import { memoize } from 'threadmemo';
    export const square = memoize(import.meta.url, function square(n) { return n * n; });
  `,
  'app/index.js': `
    import { square as one } from 'one';
    import { square as two } from 'two';
    console.log(one === two, await Promise.all([one(3), two(3), two(4)]), one.stats().computations);
  `,
};

/** A package that uses the library with its own version of the peer, and passes it on. */
const user = (name: string, isNumber: string) => ({
  [`${name}/package.json`]: {
    ...{ name, version: '1.0.0', type: 'module', exports: './index.js' },
    dependencies: { library: 'file:../library.tgz', 'is-number': isNumber },
    peerDependencies: { threadmemo: '*' },
  },
  [`${name}/index.js`]: "export * from 'library';",
});

test('is one function', { timeout: 300_000 }, async () => {
  const files = { ...FILES, ...user('one', '6.0.0'), ...user('two', '7.0.0') };
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(home, file)), { recursive: true });
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    await writeFile(join(home, file), text);
  }
  for (const name of ['library', 'one', 'two']) {
    await online('npm', ['pack', '--silent', '--pack-destination', home], join(home, name));
    await rename(name);
  }
  const dependencies = {
    one: 'file:../one.tgz',
    two: 'file:../two.tgz',
    threadmemo: `file:${project.tarball}`,
  };
  const manifest = { name: 'app', private: true, type: 'module', dependencies };
  await writeFile(join(home, 'app/package.json'), JSON.stringify(manifest));
  const app = join(home, 'app');
  await online(join(toolFolder('pnpm'), 'bin/pnpm.cjs'), ['install', '--ignore-scripts'], app);
  const { stdout, stderr } = await online(process.execPath, ['index.js'], app);
  expect({ stdout, stderr }).toEqual({ stdout: 'false [ 9, 9, 16 ] 2\n', stderr: '' });
});

const rename = (name: string) => online('mv', [`${name}-1.0.0.tgz`, `${name}.tgz`], home);
