/**
 * `npm run docs` writes docs/reference out of the docstrings and the command's help, and builds the site
 * in build/site. `--check` says whether docs/reference is up to date, and builds the site as well, which
 * fails for a link that leads nowhere.
 */

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const site = join(root, 'docs/site');
const reference = join(root, 'docs/reference');

const run = (file: string, ...args: string[]): void => {
  execFileSync(process.execPath, [file, ...args], {
    cwd: site,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
};

function helpOf(...command: string[]): string {
  const main = join(root, 'dist/src/cli/main.js');
  const env = { ...process.env, COLUMNS: '100', NO_COLOR: '1' };
  return execFileSync(process.execPath, [main, ...command, '--help'], {
    encoding: 'utf8',
    env,
  }).trimEnd();
}

/** The commands that a help names, in its order. */
function commandsOf(help: string): string[] {
  const list = /^Commands:\n((?: .*\n?)*)/m.exec(help)?.[1] ?? '';
  return [...list.matchAll(/^ {2}([a-z]+)\b/gm)]
    .map(([, name]) => name as string)
    .filter((name) => name !== 'help');
}

function commandPages(...command: string[]): string[] {
  const help = helpOf(...command);
  const own = `## \`${['threadmemo', ...command].join(' ')}\`\n\n\`\`\`text\n${help}\n\`\`\`\n`;
  return [own, ...commandsOf(help).flatMap((name) => commandPages(...command, name))];
}

function commandPage(): string {
  const heading =
    '# The command\n\nThe help of `npx threadmemo` and its commands. The guide is in\n[command-line.md](../guides/command-line.md).\n';
  return [heading, ...commandPages()].join('\n');
}

/** The sources of all that package.json exports. */
function entryPoints(): string[] {
  const described = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, { types?: string } | string>;
  };
  return Object.values(described.exports).flatMap((entry) => {
    if (typeof entry === 'string' || !entry.types) return [];
    const source = entry.types.replace('./dist/', '').replace(/\.d\.ts$/, '.ts');
    return ['--entryPoints', join(root, source)];
  });
}

function writeReference(out: string): void {
  run(
    'node_modules/typedoc/bin/typedoc',
    '--options',
    'typedoc.json',
    '--out',
    out,
    '--logLevel',
    'Warn',
    ...entryPoints(),
  );
  for (const [name, text] of filesIn(out)) writeFileSync(join(out, name), withSortedUnions(text));
  writeFileSync(join(out, 'command.md'), commandPage());
}

/** In which order the compiler has the members of a union depends on which file it meets first. */
function withSortedUnions(text: string): string {
  const union = /`"[^"`]*"`(?: \\\| `"[^"`]*"`)+/g;
  return text.replaceAll(union, (its) => its.split(' \\| ').sort().join(' \\| '));
}

/** By their paths in the folder. */
function filesIn(folder: string): Map<string, string> {
  if (!existsSync(folder)) return new Map();
  const found = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((it) => it.isFile()).map((it) => join(it.parentPath, it.name));
  return new Map(files.map((file) => [relative(folder, file), readFileSync(file, 'utf8')]));
}

/** Files that one folder has otherwise than the other. */
function differences(one: string, other: string): string[] {
  const [ones, others] = [filesIn(one), filesIn(other)];
  const names = new Set([...ones.keys(), ...others.keys()]);
  return [...names].filter((name) => ones.get(name) !== others.get(name));
}

if (!existsSync(join(site, 'node_modules'))) {
  const npm = process.env['npm_execpath'];
  if (!npm) throw new Error('run it by npm: npm run docs');
  execFileSync(process.execPath, [npm, 'ci', '--no-audit', '--no-fund', '--silent'], {
    cwd: site,
    stdio: 'inherit',
  });
}
const made = mkdtempSync(join(tmpdir(), 'threadmemo-reference-'));
try {
  writeReference(made);
  const stale = differences(made, reference);
  if (process.argv.includes('--check') && stale.length > 0) {
    console.error(`docs/reference is not up to date (npm run docs): ${stale.join(', ')}`);
    process.exitCode = 1;
  } else {
    rmSync(reference, { recursive: true, force: true });
    cpSync(made, reference, { recursive: true });
  }
} finally {
  rmSync(made, { recursive: true });
}
const pages = join(site, 'pages');
rmSync(pages, { recursive: true, force: true });
for (const [name, text] of filesIn(join(root, 'docs'))) {
  if (/^(?:site|api)\//.test(name)) continue;
  // A README is the first page of its folder.
  const page = join(pages, name.replace(/README\.md$/, 'index.md'));
  mkdirSync(dirname(page), { recursive: true });
  writeFileSync(page, text.replaceAll(/(\]\((?!\.\.\/\.\.)[\w./-]*)README\.md/g, '$1index.md'));
}
run('node_modules/vitepress/bin/vitepress.js', 'build');
