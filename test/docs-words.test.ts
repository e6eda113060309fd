/** The documents that users read are short sentences, and name every error code there is. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const guides = readdirSync(join(root, 'docs/guides')).map((file) => `docs/guides/${file}`);
const mostWords = 40;

/** Prose only: no code, no tables, no comments. */
function sentencesOf(document: string): string[] {
  const prose = read(document)
    .replaceAll(/```[\s\S]*?```|<!--[\s\S]*?-->/g, '\n\n')
    .split('\n')
    .map((line) => (/^\s*(?:\||#)/.test(line) ? '' : line.replace(/^\s*(?:[-*]|\d+\.) /, '\n')))
    .join('\n');
  return prose
    .split(/\n\n+/)
    .flatMap((paragraph) => paragraph.split(/(?<=[.!?:;])\**\s+(?=[A-Z`*[…])/));
}

test.each(['README.md', ...guides])('%s has no sentence of more than 40 words', (document) => {
  const long = sentencesOf(document).filter((it) => it.trim().split(/\s+/).length > mostWords);
  expect(long).toEqual([]);
});

test('README.md has at most 150 lines', () => {
  expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(150);
});

test('README.md has the badge of CI as soon as the address of the repository is known', () => {
  const { repository } = JSON.parse(read('package.json')) as { repository?: { url: string } };
  const home = repository?.url.replace(/^git\+|\.git$/g, '');
  if (home) expect(read('README.md')).toContain(`${home}/actions/workflows/ci.yml/badge.svg`);
});

test('each page says in two or three lines below its title what it is for', () => {
  const pages = readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md'));
  const summary = /^# .+\n\n(?:(?!```|[#|<]|- )\S.*\n){2,3}\n/;
  const without = [...pages.map((file) => `docs/${file}`), ...guides].filter(
    (page) => !summary.test(read(page)),
  );
  expect(without).toEqual([]);
});

test('the reference shows an example of every function', () => {
  const pages = readdirSync(join(root, 'docs/reference')).filter((file) =>
    file.includes('threadmemo'),
  );
  const without = pages.flatMap((page) => {
    const functions = /^## Functions\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(
      read(`docs/reference/${page}`),
    )?.[1];
    const entries = functions?.split(/^### /m).slice(1) ?? [];
    return entries
      .filter((entry) => !entry.includes('#### Example'))
      .map((entry) => `${page}: ${entry.split('\n', 1)[0]}`);
  });
  expect(pages.length).toBeGreaterThan(10);
  expect(without).toEqual([]);
});

test('docs/errors.md has every error code, and no other', () => {
  const codes = (text: string) => [...new Set(text.match(/ERR_THREADMEMO\w*/g))].sort();
  const public_ = codes(read('src/errors.ts'));
  expect(codes(read('docs/errors.md'))).toEqual(public_);
});
