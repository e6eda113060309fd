/** What counts is what is loaded: Node, and tsx, are asked which files of a program they take. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { activeConditions } from '../../src/code-version/conditions.ts';
import { Fingerprints } from '../../src/code-version/fingerprint.ts';
import { inFull, variants } from '../effort.ts';
import { createProject, type Files, installed, type Project } from './project.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const urlOf = (path: string) => pathToFileURL(join(root, path)).href;

const CONDITIONS = ['module', 'module-sync', 'node-addons', 'dev', 'node', 'import', 'require'];

/** JavaScript of either kind that says that it is executed. */
const marked = (name: string) => `(globalThis.loaded ??= []).push('${name}');\n`;

const code: Files = Object.fromEntries(
  [
    ...CONDITIONS.flatMap((on) => [`${on}/on.js`, `${on}/off.js`].map((file) => `own/${file}`)),
    ...CONDITIONS.flatMap((on) => [`names/${on}.js`, `names/not-${on}.js`]),
    ...['own/field/index.js', 'own/field/module.js'],
    ...['own/main/main.js', 'own/main/main.ts', 'own/main/module.js'],
    ...['own/paths/built.js', 'own/paths/source.ts'],
    ...['old/plain.js', 'old/plain.ts', 'beside.js', 'beside.ts', 'unused.ts'],
  ].map((file) => [file, marked(file)]),
);

const manifest = (fields: object) => JSON.stringify(fields);
const settings: Files = {
  'package.json': manifest({
    type: 'module',
    imports: Object.fromEntries(
      CONDITIONS.map((on) => [
        `#${on}`,
        { [on]: `./names/${on}.js`, default: `./names/not-${on}.js` },
      ]),
    ),
  }),
  'old/package.json': manifest({}),
  ...Object.fromEntries(
    CONDITIONS.map((on) => [
      `own/${on}/package.json`,
      manifest({ exports: { [on]: './on.js', default: './off.js' } }),
    ]),
  ),
  'own/field/package.json': manifest({ module: './module.js' }),
  'own/main/package.json': manifest({ main: './main', module: './module.js' }),
  'own/paths/package.json': manifest({ exports: './built.js' }),
};

const own = [...CONDITIONS, 'field', 'main', 'paths'];
const entry = [...own, ...CONDITIONS.map((on) => `#${on}`), './old/old.js']
  .map((name) => `import '${name}';\n`)
  .join('');

const entries: Files = {
  'entry.js': entry,
  'entry.ts': `${entry}import './beside.js';\nimport { unused } from './unused.ts';\n`,
  'old/old.js': [...CONDITIONS, './plain'].map((name) => `require('${name}');\n`).join(''),
  'unused.ts': `export const unused = 1;\n${code['unused.ts']}`,
  'witness.mjs': `
import { fileURLToPath } from 'node:url';
import { bundle } from '${urlOf('build/src/code-version/bundle.js')}';
import { activeConditions } from '${urlOf('build/src/code-version/conditions.js')}';
const entry = new URL(process.argv[2], import.meta.url);
await import(entry.href);
const { texts } = await bundle(fileURLToPath(entry), activeConditions());
const counted = ${JSON.stringify(Object.keys(code))}.filter((file) => texts.join().includes(file));
console.log(JSON.stringify({ loaded: [...new Set(globalThis.loaded)].sort(), counted: counted.sort() }));
`,
};

let project: Project;
beforeEach(() => {
  const links = own.map((name) => [`node_modules/${name}`, `../own/${name}`]);
  project = createProject({ ...code, ...settings, ...entries }, Object.fromEntries(links));
});
afterEach(() => project.remove());

interface Seen {
  readonly loaded: readonly string[];
  /** Those that are part of the fingerprint. */
  readonly counted: readonly string[];
}

async function run(file: string, flags: readonly string[], options = ''): Promise<Seen> {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, 'witness.mjs', file], {
    cwd: project.folder,
    env: { ...process.env, NODE_OPTIONS: options },
    timeout: 170_000,
  });
  return JSON.parse(stdout);
}

describe('by Node', () => {
  const uses: [string, string[], string][] = [
    ['no conditions of its own', [], ''],
    ['-C dev', ['-C', 'dev'], ''],
    ['--conditions dev', ['--conditions', 'dev'], ''],
    ['--conditions=dev', ['--conditions=dev'], ''],
    ['-C dev in NODE_OPTIONS', [], '-C dev'],
    ['--conditions="dev" in NODE_OPTIONS', [], '--no-warnings --conditions="dev"'],
    ['--no-addons', ['--no-addons'], ''],
    ['--no_addons in NODE_OPTIONS', [], '--no_addons'],
    ['--no-addons taken back', ['--addons'], '--no-addons'],
    ['--no-experimental-require-module', ['--no-experimental-require-module'], ''],
  ];
  test.each(variants(uses, 2))('with %s', async (name, flags, options) => {
    const { loaded, counted } = await run('entry.js', flags, options);
    expect(counted).toEqual(loaded);
    expect(loaded.includes('own/dev/on.js')).toBe(name.includes('dev'));
  });
});

/** More may count, but nothing less. */
const typed = [
  ['tsx', ['--import', urlOf('node_modules/tsx/dist/loader.mjs')], 'beside.ts'],
  ...('typescript' in process.features && process.features.typescript
    ? [['Node itself', [], 'unused.ts'] as const]
    : []),
] as const;

test.each(inFull ? typed : typed.filter(([by]) => by !== 'tsx'))(
  'TypeScript by %s',
  async (_, flags, typical) => {
    const paths = { paths: ['./own/paths/source.ts'] };
    project.write({ 'tsconfig.json': manifest({ compilerOptions: { paths } }) });
    const { loaded, counted } = await run('entry.ts', flags);
    expect(counted).toEqual(expect.arrayContaining([...loaded]));
    expect(loaded).toContain(typical);
    expect(counted).not.toContain('own/main/main.ts');
  },
);

test('the order of conditions is of no account, nor how often one is given', () => {
  const start = { execArgv: ['-C', 'b', '-C', 'a'], nodeOptions: '-C a', requiresModules: true };
  expect(activeConditions(start)).toEqual(['a', 'b', 'module-sync', 'node-addons']);
});

test('a package that is installed is another on other conditions, whatever its version', async () => {
  project.write({
    'node_modules/edge/package.json': installed('edge', '1.0.0'),
    'b.js': `import 'edge';`,
  });
  const of = (conditions: readonly string[]) =>
    new Fingerprints({ conditions }).of(project.url('b.js'));
  expect(await of(['dev'])).not.toBe(await of([]));
});
