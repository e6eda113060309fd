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

/** What users import, and what each is for. A subpath that is exported and not named here is an error. */
const imports: Record<string, string> = {
  threadmemo:
    '`memoize` with its options, `createPool` with its options, errors, statistics and events',
  'threadmemo/disk': 'the disk tier and its options',
  'threadmemo/redis': 'the Redis tier and its options',
  'threadmemo/memcached': 'the memcached tier and its options',
  'threadmemo/keyv': 'the tier for stores of Keyv and its options',
  'threadmemo/express': 'cached routes in Express, Connect and `node:http`',
  'threadmemo/fastify': 'cached routes in Fastify',
  'threadmemo/hono': 'cached routes in Hono and other handlers of a `Request`',
  'threadmemo/prometheus': 'metrics for Prometheus',
  'threadmemo/otel': 'metrics and traces for OpenTelemetry',
  'threadmemo/page': 'the page that shows a running cache',
  'threadmemo/testing': 'a clock and faults for tests',
  'threadmemo/tier-suite': 'the tests that every tier passes',
};

const described = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, { types?: string } | string>;
};

function firstPage(): string {
  const missing = Object.entries(described.exports)
    .filter(([, entry]) => typeof entry !== 'string')
    .map(([subpath]) => subpath.replace('.', 'threadmemo'))
    .filter((name) => !imports[name]);
  if (missing.length > 0) throw new Error(`.ci/docs.ts does not say what ${missing} is for`);
  const rows = Object.entries(imports).map(
    ([name, what]) => `| [\`${name}\`](${name.replace('/', '.')}.md) | ${what} |`,
  );
  return [
    '# Reference',
    'Every exported name, with units, defaults and errors. These pages are written from the docstrings by\n`npm run docs`.',
    ['| import | what it has |', '| --- | --- |', ...rows].join('\n'),
    [
      '| look up | |',
      '| --- | --- |',
      '| [The command](command.md) | the help of `npx threadmemo` and of its commands |',
      '| [Error codes](../errors.md) | what each error means, and what to do |',
      '| [Metric names](../guides/observing.md#prometheus) | what Prometheus gets, with labels |',
      '| [Events](../guides/observing.md#events) | diagnostics channels and what they carry |',
    ].join('\n'),
    '',
  ].join('\n\n');
}

/** The sources of all that package.json exports. */
function entryPoints(): string[] {
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
  writeFileSync(join(out, 'README.md'), firstPage());
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

/** A folder that a repository's host lists by itself. */
function listOfDecisions(): string {
  const decisions = [...filesIn(join(root, 'docs/decisions'))].sort();
  const lines = decisions.map(
    ([name, text]) => `- [${/^# (.*)/.exec(text)?.[1] ?? name}](${name})`,
  );
  return [
    '# Decisions',
    'Why threadmemo is as it is: context, decision and costs.',
    lines.join('\n'),
    '',
  ].join('\n\n');
}

/** What the site is made of: README.md is its first page, and the README of a folder that of the folder. */
function writePages(pages: string): void {
  rmSync(pages, { recursive: true, force: true });
  const toIndex = (text: string) =>
    text.replaceAll(/(\]\((?!\.\.\/\.\.)[\w./-]*)README\.md/g, '$1index.md');
  for (const [name, text] of filesIn(join(root, 'docs'))) {
    if (/^(?:site|api)\//.test(name)) continue;
    const renamed = name === 'README.md' ? 'pages.md' : name.replace(/README\.md$/, 'index.md');
    mkdirSync(dirname(join(pages, renamed)), { recursive: true });
    writeFileSync(join(pages, renamed), toIndex(text));
  }
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
    // Badges come from other hosts.
    .replaceAll(/^\[!\[.*\n\n?/gm, '')
    .replaceAll('](docs/README.md)', '](pages.md)')
    .replaceAll('](docs/', '](')
    .replaceAll(/\]\((?=[A-Z]+(?:\.md)?\))/g, '](../');
  writeFileSync(join(pages, 'index.md'), toIndex(readme));
  writeFileSync(join(pages, 'decisions/index.md'), listOfDecisions());
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
writePages(join(site, 'pages'));
run('node_modules/vitepress/bin/vitepress.js', 'build');
