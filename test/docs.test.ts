/** The documents name files that exist, and an exported type name means one thing in all of `src/`. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');

function filesIn(folder: string, extension: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => join(folder, file))
    .filter((file) => file.endsWith(extension) && !file.includes('node_modules'));
}

const sources = filesIn('src', '.ts');
/** Without the API reports, which are generated. */
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  ...filesIn('docs', '.md').filter((file) => !/^docs\/(?:api|site)\//.test(file)),
];

test('there are documents and sources', () => {
  expect(documents.length).toBeGreaterThan(25);
  expect(sources.length).toBeGreaterThan(100);
});

test.each(documents)('%s names paths that exist', (document) => {
  const named = read(document).match(/(?<![\w./-])(?:src|test|workers|bench)\/[\w./-]*\w/g) ?? [];
  const missing = new Set(named.filter((path) => !exists(path)));
  expect([...missing]).toEqual([]);
});

/** Also a test's path without its ending, as it is given to vitest. */
function exists(path: string): boolean {
  const found = existsSync(join(root, path));
  return (
    found || readdirSync(join(root, dirname(path))).some((it) => it.startsWith(basename(path)))
  );
}

test.each(documents)('%s links to files that exist', (document) => {
  const links = [...read(document).matchAll(/\]\((?!https?:|mailto:)([^)#\s]+)/g)];
  const missing = links
    .map(([, link]) => join(dirname(document), link as string))
    .filter((link) => !existsSync(join(root, link)));
  expect(missing).toEqual([]);
});

test('the tests that docs/guides/testing.md shows are those that a project of test/projects runs', () => {
  const run = filesIn('test/projects/apps/tested', '.js').map(read);
  const shown = read('docs/guides/testing.md').match(/(?<=```js\n)[\s\S]*?(?=```)/g) ?? [];
  expect(shown.length).toBeGreaterThan(7);
  expect(shown.filter((code) => !run.some((file) => file.includes(code.trimEnd())))).toEqual([]);
});

test('files that are named without their folder exist', () => {
  const known = new Set([...sources, ...filesIn('test', '.ts')].map((file) => basename(file)));
  const ours = documents.filter((file) => /decisions|architecture|glossary/.test(file));
  const missing = ours.flatMap((document) =>
    [...read(document).matchAll(/`([\w-]+\.ts)`/g)]
      .map(([, file]) => file as string)
      .filter((file) => !known.has(file))
      .map((file) => `${document}: ${file}`),
  );
  expect(missing).toEqual([]);
});

test('the glossary is in alphabetical order', () => {
  const words = [...read('docs/glossary.md').matchAll(/^\| ([a-z][^|]*) \|/gm)]
    .map(([, word]) => word as string)
    .slice(1);
  expect(words).toEqual([...words].sort());
});
test('no exported type name is declared twice', () => {
  const files = new Map<string, string[]>();
  const declared = /^export (?:declare )?(?:abstract )?(?:type|interface|class|enum) (\w+)/gm;
  for (const file of sources) {
    for (const [, name] of read(file).matchAll(declared) as Iterable<[string, string]>) {
      files.set(name, [...(files.get(name) ?? []), file]);
    }
  }
  const twice = [...files].filter(([, places]) => places.length > 1);
  expect(Object.fromEntries(twice)).toEqual({});
});

/** Plain English has nouns for subjects: caller, waiter, thread, process, record. */
const vague = /\b(?:whoever|nobody|somebody|everybody|anybody|who waits)\b/gi;

const texts = [
  ...documents,
  ...sources,
  ...filesIn('test', '.test.ts').filter((file) => file !== 'test/docs.test.ts'),
  ...filesIn('bench', '.ts'),
  ...filesIn('examples', '.ts'),
];

test.each(texts)('%s says who or what it means', (file) => {
  expect(read(file).match(vague) ?? []).toEqual([]);
});
