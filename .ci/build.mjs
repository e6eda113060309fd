/**
 * What does a user install? `dist/`: the entries that package.json names and what a pool's thread
 * loads, bundled into a few files, with the declarations that their types reach. Beside it, `build/`
 * has every source as a file of its own, for tests of a single part.
 */
import { spawn } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const { exports, bin } = manifest;
const packages = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
const entries = Object.values(exports).filter((entry) => typeof entry === 'object');
const thread = './dist/workers/pool.js';
const reader = './dist/workers/disk-reader.js';
const library = exports['.'].default;
let chunks;

const [bundled, page] = await Promise.all([
  bundle([...entries.map((entry) => entry.default), bin, thread, reader]),
  bundlePage(),
  compile(),
]);
const declared = await declare(entries.map((entry) => entry.types));
// Last, and only what is old: another program may be loading the rest.
await removeAllBut([...bundled, page, ...declared]);

/** `./dist/src/index.js` is made of `src/index.ts`. */
function sourceOf(built) {
  return join(root, relative('dist', built).replace(/js$/, 'ts'));
}

/** @returns the files that it has written */
async function bundle(built) {
  const input = Object.fromEntries(
    built.map((file) => [relative('dist', file).replace(/\.js$/, ''), sourceOf(file)]),
  );
  const bundle = await rolldown({
    input,
    // What package.json asks npm for; helpers that the bundler adds are bundled.
    external: [/^node:/, ...packages.map((name) => new RegExp(`^${name}(/|$)`))],
    platform: 'node',
    preserveEntrySignatures: 'allow-extension',
    transform: { target: 'node20.19' },
  });
  const { output } = await bundle.write({
    dir: join(root, 'dist'),
    entryFileNames: '[name].js',
    // One folder deep, as the entries are: what is installed beside them is found from each.
    chunkFileNames: 'chunks/[name].js',
    codeSplitting: {
      groups: [{ name: chunkOf, debugName: 'library', includeDependenciesRecursively: false }],
    },
    comments: { legal: true, annotation: true, jsdoc: false },
    minifyInternalExports: false,
    sourcemap: true,
  });
  await bundle.close();
  return output.map(({ fileName }) => join('dist', fileName));
}

/** The page is one file, with its script and style, and with the chart library's licence. */
async function bundlePage() {
  const client = join(root, 'src/page/client');
  const library = join(root, 'node_modules/uplot');
  const bundle = await rolldown({ input: join(client, 'main.ts'), platform: 'browser' });
  const { output } = await bundle.generate({ format: 'iife', minify: true });
  await bundle.close();
  const texts = [
    join(client, 'page.html'),
    join(library, 'dist/uPlot.min.css'),
    join(client, 'style.css'),
    join(library, 'LICENSE'),
  ];
  const [html, ...rest] = await Promise.all(texts.map((file) => readFile(file, 'utf8')));
  const [chartStyle, style, licence] = rest.map((text) => text.trim());
  const { code } = output[0];
  if (/<\/(script|style)|<!--/i.test(code + chartStyle + style))
    throw new Error('the page would end in the midst of its script or style');
  const file = join('dist', 'page', 'page.html');
  await mkdir(join(root, dirname(file)), { recursive: true });
  const whole = html
    .replace('/* style */', () => `${chartStyle}\n${style}`)
    .replace('/* script */', () => code)
    .replace('</head>', () => `</head>\n<!-- The chart is uPlot's.\n${licence}\n-->`);
  await writeFile(join(root, file), whole);
  return file;
}

/**
 * What a thread needs, what one needs beside that reads records by itself, and what else the library
 * does: three files, whatever the entries share.
 */
function chunkOf(module, graph) {
  chunks ??= chunksOf(graph);
  const known = chunks.find(([, modules]) => modules.has(module))?.[0];
  // Of its own name, because the names of functions begin with it.
  return known ?? (module.startsWith(join(root, 'src/web/')) ? 'web' : undefined);
}

function chunksOf(graph) {
  const ofLibrary = reachedFrom(sourceOf(library), graph);
  const ofReader = [...reachedFrom(sourceOf(reader), graph)];
  return [
    ['thread', reachedFrom(sourceOf(thread), graph)],
    ['records', new Set(ofReader.filter((module) => ofLibrary.has(module)))],
    ['library', ofLibrary],
  ];
}

/** By static imports; without the entry itself. */
function reachedFrom(entry, graph) {
  const reached = new Set([entry]);
  for (const each of reached)
    for (const imported of graph.getModuleInfo(each)?.importedIds ?? []) reached.add(imported);
  reached.delete(entry);
  return reached;
}

/** Every source into `build/`, with its declarations. */
async function compile() {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const args = [tsc, '--project', join(root, 'tsconfig.build.json')];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) process.exit(1);
}

/** Out of `build/`: those that the entries reach. */
async function declare(declarations) {
  const reached = new Set(declarations.map((file) => join(file)));
  for (const file of reached) {
    const compiled = join(root, file.replace(/^dist/, 'build'));
    const text = await readFile(compiled, 'utf8');
    for (const [, from] of text.matchAll(/(?:from |import\()["'](\.[^"']+)\.[jt]s["']/g))
      reached.add(join(dirname(file), `${from}.d.ts`));
    await mkdir(join(root, dirname(file)), { recursive: true });
    await copyFile(compiled, join(root, file));
  }
  return reached;
}

async function removeAllBut(wanted) {
  const kept = new Set(wanted);
  const found = await readdir(join(root, 'dist'), { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile());
  const paths = files.map((file) => relative(root, join(file.parentPath, file.name)));
  await Promise.all(paths.filter((it) => !kept.has(it)).map((it) => rm(join(root, it))));
}
