/** A user's project in a folder of its own: the package in it as npm packs it, and nothing else of ours. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inFull } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const packageApp = fileURLToPath(new URL('app', import.meta.url));
const notInAClone = ['node_modules', 'build', '.git', ...(inFull ? ['dist'] : [])];
/** Milliseconds; a program of the test that runs longer hangs. */
const deadline = 60_000;
/** A build and more, which a busy machine takes minutes for. */
const packDeadline = 240_000;

/** What a shell would give a program: without what vitest and npm add, colours above all. */
const env = Object.fromEntries(
  ['PATH', 'HOME', 'TMPDIR'].flatMap((name) =>
    process.env[name] ? [[name, process.env[name]]] : [],
  ),
);

/** What a shell says of a program that ended itself by SIGABRT. */
export const ABORTED = 134;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Failure extends Ended {
  readonly killed: boolean;
  readonly signal: string | null;
}

export interface Project {
  /** What npm has packed. */
  readonly tarball: string;
  /** The application's. */
  readonly folder: string;
  /** The installed package. */
  readonly installed: string;
  /** Runs a program of the project to its end. @throws {Error} when it does not end. */
  node(...args: readonly string[]): Promise<Ended>;
  /** Runs a tool out of the checkout's own dependencies. */
  tool(path: string, ...args: readonly string[]): Promise<Ended>;
  write(file: string, text: string): Promise<void>;
  /** Adds a dependency of the checkout's own, as `npm install` would; under another name, if given. */
  install(name: string, as?: string): Promise<void>;
  /** Runs a command in the application's folder. */
  command(command: string, ...args: readonly string[]): Promise<Ended>;
  remove(): Promise<void>;
}

export interface ProjectOptions {
  /** The folder of the application's own files. */
  readonly app?: string;
  /** A folder with tools of the application's: all of its packages are installed. */
  readonly tools?: string;
}

/**
 * Packs what a fresh clone with these sources would publish, its `prepack` script included (in a quick
 * run what is built already, which takes seconds less), and installs that with its dependencies, which come out of the checkout.
 */
export async function createProject(options: ProjectOptions = {}): Promise<Project> {
  const home = await mkdtemp(join(tmpdir(), 'threadmemo-package-'));
  const remove = () => removeFolder(home);
  try {
    return { ...(await setUp(home, options)), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function setUp(
  home: string,
  { app = packageApp, tools }: ProjectOptions,
): Promise<Omit<Project, 'remove'>> {
  const folder = join(home, 'app');
  const installed = join(folder, 'node_modules/threadmemo');
  const tarball = await pack(home);
  await mkdir(installed, { recursive: true });
  await succeed('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'], home);
  const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  for (const name of [...Object.keys(manifest.dependencies), 'tsx', '@types/node']) {
    await linkDependency(name, folder);
  }
  if (tools) await linkTools(tools, folder);
  await cp(app, folder, { recursive: true });
  const write = (file: string, text: string) => writeFile(join(folder, file), text);
  await write('package.json', JSON.stringify({ name: 'app', private: true, type: 'module' }));
  const node = (...args: readonly string[]) => run(process.execPath, args, folder);
  return {
    tarball,
    folder,
    installed,
    node,
    tool: (path, ...args) => node(join(root, 'node_modules', path), ...args),
    write,
    install: (name, as) => linkDependency(name, folder, as),
    command: (command, ...args) => run(command, args, folder),
  };
}

/** In a copy, so that the build which other tests run stays as it is; the tarball's path. */
async function pack(home: string): Promise<string> {
  const clone = join(home, 'clone');
  const filter = (file: string) => !notInAClone.includes(basename(file));
  await cp(root, clone, { recursive: true, filter });
  await symlink(join(root, 'node_modules'), join(clone, 'node_modules'));
  if (inFull) {
    await mkdir(join(clone, 'dist/src'), { recursive: true });
    await writeFile(join(clone, 'dist/src/left-from-an-old-build.js'), '');
  }
  const scripts = inFull ? [] : ['--ignore-scripts'];
  await succeed('npm', ['pack', ...scripts, '--pack-destination', home], clone, packDeadline);
  const tarball = (await readdir(home)).find((file) => file.endsWith('.tgz'));
  if (!tarball) throw new Error('npm pack has made no tarball');
  return join(home, tarball);
}

/** @param name a package of the checkout, or the path of one that is elsewhere */
async function linkDependency(name: string, folder: string, as = name): Promise<void> {
  const link = join(folder, 'node_modules', as);
  await mkdir(dirname(link), { recursive: true });
  await symlink(resolve(root, 'node_modules', name), link);
}

/** Not over what the package itself has brought. */
async function linkTools(tools: string, folder: string): Promise<void> {
  const { dependencies } = JSON.parse(await readFile(join(tools, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    if (existsSync(join(folder, 'node_modules', name))) continue;
    await linkDependency(join(tools, 'node_modules', name), folder, name);
  }
}

async function succeed(
  command: string,
  args: readonly string[],
  cwd: string,
  timeout?: number,
): Promise<void> {
  const { code, stdout, stderr } = await run(command, args, cwd, timeout);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${code}\n${stdout}\n${stderr}`);
}

async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  timeout = deadline,
): Promise<Ended> {
  const options = { cwd, env, timeout, killSignal: 'SIGKILL' } as const;
  try {
    return { code: 0, ...(await promisify(execFile)(command, [...args], options)) };
  } catch (error) {
    const { code, killed, signal, stdout, stderr } = error as Failure;
    if (typeof code === 'number') return { code, stdout, stderr };
    if (signal === 'SIGABRT') return { code: ABORTED, stdout, stderr };
    if (!killed) throw error;
    throw new Error(`${args.join(' ')} was still running after ${timeout} ms\n${stdout}${stderr}`);
  }
}
