/** A user's project in a folder of its own: the package in it as npm packs it, and nothing else of ours. */

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const app = fileURLToPath(new URL('app', import.meta.url));
const notInAClone = ['node_modules', 'build', 'dist', '.git'];
/** Milliseconds; a program of the test that runs longer hangs. */
const deadline = 60_000;

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
  /** The installed package. */
  readonly installed: string;
  /** Runs a program of the project to its end. @throws {Error} when it does not end. */
  node(...args: readonly string[]): Promise<Ended>;
  /** Runs a tool out of the checkout's own dependencies. */
  tool(path: string, ...args: readonly string[]): Promise<Ended>;
  write(file: string, text: string): Promise<void>;
  /** Adds a dependency of the checkout's own, as `npm install` would. */
  install(name: string): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Packs what a fresh clone with these sources would publish, its `prepack` script included, and
 * installs that with its dependencies, which come out of the checkout.
 */
export async function createProject(): Promise<Project> {
  const home = await mkdtemp(join(tmpdir(), 'threadmemo-package-'));
  const remove = () => rm(home, { recursive: true });
  try {
    return { ...(await setUp(home)), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function setUp(home: string): Promise<Omit<Project, 'remove'>> {
  const folder = join(home, 'app');
  const installed = join(folder, 'node_modules/threadmemo');
  const tarball = await pack(home);
  await mkdir(installed, { recursive: true });
  await succeed('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'], home);
  const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  for (const name of [...Object.keys(manifest.dependencies), 'tsx', '@types/node']) {
    await linkDependency(name, folder);
  }
  await cp(app, folder, { recursive: true });
  const write = (file: string, text: string) => writeFile(join(folder, file), text);
  await write('package.json', JSON.stringify({ name: 'app', private: true, type: 'module' }));
  const node = (...args: readonly string[]) => run(process.execPath, args, folder);
  return {
    installed,
    node,
    tool: (path, ...args) => node(join(root, 'node_modules', path), ...args),
    write,
    install: (name) => linkDependency(name, folder),
  };
}

/** In a copy, so that the build which other tests run stays as it is; the tarball's path. */
async function pack(home: string): Promise<string> {
  const clone = join(home, 'clone');
  const filter = (file: string) => !notInAClone.includes(basename(file));
  await cp(root, clone, { recursive: true, filter });
  await symlink(join(root, 'node_modules'), join(clone, 'node_modules'));
  await mkdir(join(clone, 'dist/src'), { recursive: true });
  await writeFile(join(clone, 'dist/src/left-from-an-old-build.js'), '');
  await succeed('npm', ['pack', '--pack-destination', home], clone);
  const tarball = (await readdir(home)).find((file) => file.endsWith('.tgz'));
  if (!tarball) throw new Error('npm pack has made no tarball');
  return join(home, tarball);
}

async function linkDependency(name: string, folder: string): Promise<void> {
  const link = join(folder, 'node_modules', name);
  await mkdir(dirname(link), { recursive: true });
  await symlink(join(root, 'node_modules', name), link);
}

async function succeed(command: string, args: readonly string[], cwd: string): Promise<void> {
  const { code, stdout, stderr } = await run(command, args, cwd);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${code}\n${stdout}\n${stderr}`);
}

async function run(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  const options = { cwd, env, timeout: deadline, killSignal: 'SIGKILL' } as const;
  try {
    return { code: 0, ...(await promisify(execFile)(command, [...args], options)) };
  } catch (error) {
    const { code, killed, signal, stdout, stderr } = error as Failure;
    if (typeof code === 'number') return { code, stdout, stderr };
    if (signal === 'SIGABRT') return { code: ABORTED, stdout, stderr };
    if (!killed) throw error;
    throw new Error(`${args.join(' ')} was still running after ${deadline} ms\n${stdout}${stderr}`);
  }
}
