/**
 * The features example, as its README section has it: run, run again, changed, run again. Always the
 * program itself, and what it prints, in a copy whose stages a test can edit.
 */

import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProject, type Project } from '../code-version/project.ts';
import { inFull } from '../effort.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const texts = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'docs/architecture.md'];
const documents = texts.length + 1;
const stages = ['words', 'counts', 'rarity', 'weights', 'pairs'];

let project: Project;
beforeAll(async () => {
  project = createProject({ 'package.json': '{ "name": "copy", "type": "module" }' });
  cpSync(join(root, 'examples'), join(project.folder, 'examples'), { recursive: true });
  for (const text of texts) cpSync(join(root, text), join(project.folder, 'documents', text));
  cpSync(join(root, 'README.md'), join(project.folder, 'documents/same.md'));
  mkdirSync(join(project.folder, 'node_modules'));
  link('threadmemo', root);
  link('cli-table3', join(root, 'node_modules/cli-table3'));
  const first = await run();
  expect(first.text).toContain('Nothing was on disk.');
  expect(computed(first)).toEqual(stages);
});
afterAll(() => project.remove());

function link(name: string, target: string): void {
  symlinkSync(target, join(project.folder, 'node_modules', name));
}

interface Run {
  readonly text: string;
  /** Of each stage, in order. */
  readonly rows: readonly Row[];
}

interface Row {
  readonly stage: string;
  readonly calls: number;
  readonly computed: number;
  readonly memory: number;
  readonly disk: number;
}

async function run(): Promise<Run> {
  const main = join(project.folder, 'examples/features/main.ts');
  const args = ['--import', 'tsx', main, join(project.folder, 'documents')];
  const env = { ...process.env, NO_COLOR: '1' };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env });
  const cells = stdout.split('\n').map((line) => line.split('│').map((cell) => cell.trim()));
  const rows = cells
    .filter(({ length }) => length > 1)
    .map(([, stage = '', ...numbers]) => {
      const [calls = 0, computed = 0, memory = 0, disk = 0] = numbers.map(Number);
      return { stage, calls, computed, memory, disk };
    });
  return { text: stdout, rows: rows.slice(1) };
}

function computed({ rows }: Run): string[] {
  return rows.filter((row) => row.computed > 0).map(({ stage }) => stage);
}

/** Runs it with an edited stage, which is as it was afterwards. */
async function runEdited(from: string, to: string): Promise<Run> {
  const file = 'examples/features/stages.ts';
  const source = readFileSync(join(root, file), 'utf8');
  expect(source).toContain(from);
  project.write({ [file]: source.replace(from, to) });
  try {
    return await run();
  } finally {
    project.write({ [file]: source });
  }
}

test.runIf(inFull)(
  'the second run computes nothing, and says so; an edited comment is no edit',
  async () => {
    const { text, rows } = await runEdited('Line by line', 'A line at a time');
    const each = { calls: documents, computed: 0, memory: 1, disk: documents - 1 };
    const all = { calls: 1, computed: 0, memory: 0, disk: 1 };
    expect(rows).toEqual([
      { stage: 'words', ...each },
      { stage: 'counts', ...each },
      { stage: 'rarity', ...all },
      { stage: 'weights', ...all },
      { stage: 'pairs', ...all },
    ]);
    expect(text).toContain(`Everything came from disk: ${2 * (documents - 1) + 3} results`);
    expect(text).toContain('100 %  README.md  same.md');
  },
);

const edits = [
  ['weights', '1 + Math.log(count)', 'count', ['weights', 'pairs']],
  ['words', 'toLowerCase', 'toUpperCase', stages],
  ['counts', 'count > 1', 'count > 2', ['counts', 'rarity', 'weights', 'pairs']],
  ['rarity', 'number > 1', 'number > 2', ['rarity', 'weights', 'pairs']],
  ['pairs', 'a.likeness', '2 * a.likeness', ['pairs']],
] as const;

// A process each, with threads and a bundler: `EXAMPLE_EDITS=5` runs them all.
test.each(edits.slice(0, Number(process.env['EXAMPLE_EDITS'] ?? (inFull ? 1 : 0))))(
  'after an edit of %s, it and what follows are computed',
  async (_stage, from, to, after) => {
    const edited = await runEdited(from, to);
    expect(computed(edited)).toEqual(after);
    // The stages before it, and nothing else.
    const stored = edited.rows.filter(({ disk }) => disk > 0).map((row) => row.stage);
    expect([...stored, ...after]).toEqual(stages);
  },
);

test.runIf(inFull)(
  'what follows an edit that leaves the results as they were comes from disk',
  async () => {
    expect(computed(await runEdited(`split('\\n')`, 'split(/\\n/)'))).toEqual(['words']);
  },
);
