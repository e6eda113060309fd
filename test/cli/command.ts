/** The command as a person uses it: a process of its own, in a folder with a few functions. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, watch } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeFolder } from '../remove-folder.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const command = join(root, 'dist/src/cli/main.js');

export interface Ended {
  /** The exit code, or the signal that it died of. */
  readonly code: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Settles when it has said this to the standard error. */
  says(text: string): Promise<void>;
}

export class Folder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<Folder> {
    const path = await mkdtemp(join(tmpdir(), 'threadmemo-cli-'));
    await cp(fileURLToPath(new URL('app', import.meta.url)), path, { recursive: true });
    await mkdir(join(path, 'node_modules'));
    await symlink(root, join(path, 'node_modules/threadmemo'));
    await symlink(join(root, 'node_modules/tsx'), join(path, 'node_modules/tsx'));
    await writeFile(join(path, 'package.json'), '{"name":"app","type":"module"}');
    return new Folder(path);
  }

  write(name: string, text: string | Uint8Array): Promise<void> {
    return writeFile(join(this.path, name), text);
  }

  read(name: string): Promise<string> {
    return readFile(join(this.path, name), 'utf8');
  }

  has(name: string): boolean {
    return existsSync(join(this.path, name));
  }

  names(): readonly string[] {
    return readdirSync(this.path);
  }

  /** Settles when there is such a file. */
  appears(name: string): Promise<void> {
    return new Promise((resolve) => {
      const watcher = watch(this.path, look);
      const has = () => this.has(name);
      function look(): void {
        if (!has()) return;
        watcher.close();
        resolve();
      }
      look();
    });
  }

  /** With `input` on the standard input. */
  run(
    args: readonly string[],
    input: string | Uint8Array = '',
    env: NodeJS.ProcessEnv = {},
  ): Promise<Ended> {
    const { child, ended } = this.start(args, process.execPath, env);
    // It may end before it has read everything.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    return ended;
  }

  start(args: readonly string[], program = process.execPath, env: NodeJS.ProcessEnv = {}): Running {
    const all = program === process.execPath ? [command, ...args] : args;
    const child = spawn(program, all, { cwd: this.path, env: { ...plainEnv(), ...env } });
    return running(child);
  }

  remove(): Promise<void> {
    return removeFolder(this.path);
  }
}

function running(child: ChildProcess): Running {
  const said = { stdout: '', stderr: '' };
  const heard = new Set<() => void>();
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    said.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    said.stderr += text;
    for (const look of heard) look();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve({ code: code ?? signal, ...said }));
  });
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (said.stderr.includes(text)) resolve();
      };
      heard.add(look);
      look();
      void ended.then(({ stderr }) => reject(new Error(`it has ended, and said: ${stderr}`)));
    });
  return { child, ended, says };
}

/** What a shell would give a program: without what vitest adds. */
function plainEnv(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, TMPDIR, TERM: 'xterm', COLUMNS: '200' };
}

/** Each value as a line. */
export function ndjson(values: Iterable<unknown>): string {
  return Array.from(values, (value) => `${JSON.stringify(value)}\n`).join('');
}

export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}
