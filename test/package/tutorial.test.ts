/**
 * docs/tutorial.md, typed by a user: its files are written, its commands run in their order, and what they
 * print is what the page says. Only `npm install` is played: the packages come out of the checkout.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';
import { createProject, type Project } from './project.ts';

const page = readFileSync(
  fileURLToPath(new URL('../../docs/tutorial.md', import.meta.url)),
  'utf8',
);
const bin = 'node_modules/threadmemo/dist/src/cli/main.js';
/** What a project of the test has from the start. */
const given = /^(?:mkdir|npm init|npm pkg|npm install threadmemo\b)/;

let project: Project;
beforeAll(async () => {
  if (!inFull) return;
  const nothing = mkdtempSync(join(tmpdir(), 'threadmemo-tutorial-'));
  project = await createProject({ app: nothing });
  await removeFolder(nothing);
  await project.write('package.json', '{ "name": "prices", "type": "module" }');
});
afterAll(() => project?.remove());

interface Block {
  readonly language: string;
  readonly text: string;
}

const blocks: Block[] = [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(
  ([, language, text]) => ({
    language: language as string,
    text: (text as string).trimEnd(),
  }),
);

/** A process that was started with `&`. */
let background: ChildProcess | undefined;
let spoken = '';

async function start(file: string): Promise<string> {
  spoken = '';
  background = spawn(process.execPath, [file], { cwd: project.folder, stdio: 'pipe' });
  background.stdout?.setEncoding('utf8').on('data', (text: string) => (spoken += text));
  while (!spoken.includes('\n')) await once(background.stdout as NodeJS.ReadableStream, 'data');
  return spoken.trimEnd();
}

async function stop(): Promise<string> {
  const ended = once(background as ChildProcess, 'exit');
  background?.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  return '';
}

async function type(line: string): Promise<string> {
  if (given.test(line)) return '';
  const [first, rest] = line.split(/ \| (.*)/);
  if (rest !== undefined) return piped(await type(first as string), rest);
  const [command, ...args] = line.split(' ');
  if (line.startsWith('npm install ')) {
    for (const name of args.slice(1)) await project.install(name);
    return '';
  }
  if (line.startsWith('node ') && line.endsWith(' &')) return start(args[0] as string);
  if (command === 'curl') return (await fetch(args.at(-1) as string)).text();
  if (line === 'kill %1') return stop();
  if (line.startsWith('npx threadmemo ')) return runs(bin, ...args.slice(1));
  expect(command).toBe('node');
  return runs(...args);
}

async function runs(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await project.node(...args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout.trimEnd();
}

/** By the shell, since it is no program of ours. */
function piped(input: string, command: string): string {
  return execFileSync('sh', ['-c', command], { input: `${input}\n`, encoding: 'utf8' }).trimEnd();
}

/** What the page leaves open with `…` may be anything, and a column of a table as wide as it is. */
function like(text: string): RegExp {
  const escaped = text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('…', '.*?').replaceAll(/ +/g, ' +')}$`);
}

test.runIf(inFull)(
  'every command of the tutorial prints what the page says',
  { timeout: 180_000 },
  async () => {
    let printed = '';
    for (const { language, text } of blocks) {
      if (language === 'js') {
        const name = /^\/\/ (\S+)/.exec(text)?.[1] as string;
        await project.write(name, text);
      } else if (language === 'sh') {
        const lines = [];
        for (const line of text.split('\n')) lines.push(await type(line));
        printed = lines.filter((line) => line !== '').join('\n');
      } else {
        expect(printed).toMatch(like(text));
        printed = '';
      }
    }
    expect(printed).toBe('');
  },
);
