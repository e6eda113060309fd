/**
 * `npm run release` turns the version that CHANGELOG.md calls unreleased into a commit and a tag.
 * The tag, once pushed, makes CI publish it (`.github/workflows/release.yml`). `--check` only says
 * which addresses package.json lacks: npm's provenance needs the repository, and so do the links of
 * README.md, which npm resolves against it.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

function missingAddresses(): string[] {
  const described = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, unknown>;
  return ['repository', 'bugs', 'homepage'].filter((field) => described[field] === undefined);
}

/** Asks which repository on GitHub it is, and writes the addresses and the badge that follow from it. */
async function addAddresses(): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question('Repository on GitHub (owner/name): ');
  terminal.close();
  const name = answer.trim();
  if (!/^[\w-]+\/[\w.-]+$/.test(name)) {
    throw new Error(`${JSON.stringify(name)} is no owner/name, such as nodejs/node`);
  }
  const home = `https://github.com/${name}`;
  const fields = {
    'repository.type': 'git',
    'repository.url': `git+${home}.git`,
    'bugs.url': `${home}/issues`,
    homepage: `${home}#readme`,
  };
  run('npm', 'pkg', 'set', ...Object.entries(fields).map(([field, value]) => `${field}=${value}`));
  addBadge(home);
}

/** README.md says whether CI passes, which it can only when its address is known. */
function addBadge(home: string): void {
  const workflow = `${home}/actions/workflows/ci.yml`;
  const badge = `[![CI](${workflow}/badge.svg)](${workflow})`;
  const readme = readFileSync('README.md', 'utf8');
  if (!readme.includes(badge))
    writeFileSync('README.md', readme.replace('[![npm]', `${badge} [![npm]`));
}

/** Gives the unreleased version its date in CHANGELOG.md; answers which version that is. */
function dateChanges(): string {
  const changes = readFileSync('CHANGELOG.md', 'utf8');
  const heading = /^## (\d+\.\d+\.\d+\S*) \(unreleased\)$/m;
  const version = heading.exec(changes)?.[1];
  if (!version) throw new Error('CHANGELOG.md has no heading like "## 1.2.3 (unreleased)"');
  const today = new Date().toISOString().slice(0, 10);
  writeFileSync('CHANGELOG.md', changes.replace(heading, `## ${version} (${today})`));
  return version;
}

async function release(): Promise<void> {
  if (run('git', 'status', '--porcelain'))
    throw new Error('There are changes that are not committed');
  if (run('git', 'branch', '--show-current') !== 'main')
    throw new Error('A release is made on main');
  if (missingAddresses().length > 0) await addAddresses();
  const version = dateChanges();
  run('npm', 'version', version, '--no-git-tag-version', '--allow-same-version');
  run('git', 'commit', '--all', '--message', `Release ${version}`);
  run('git', 'tag', '--annotate', `v${version}`, '--message', `Release ${version}`);
  console.log(`v${version} is committed and tagged. git push --follow-tags publishes it.`);
}

const missing = missingAddresses();
if (!process.argv.includes('--check')) {
  await release().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
} else if (missing.length > 0) {
  console.warn(
    `MISSING in package.json: ${missing.join(', ')}. \`npm run release\` asks for them.`,
  );
}
