/**
 * What is installed beside this file: the package's own worker, what it depends on, and its peers.
 * All of it is found when it is needed and not before, because worker threads load these modules too,
 * and because a bundler that has put them into one file leaves nothing beside it.
 *
 * npm may install any version of a peer: an application that does not use a tier may have an old
 * version of that tier's engine for reasons of its own. So the version is looked at here.
 */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MissingPackageError } from './errors.ts';
import { readManifest } from './runtime/manifest.ts';

/** The oldest versions whose tests pass. */
const OLDEST = {
  redis: '5.0.0',
  lmdb: '2.9.0',
  esbuild: '0.21.0',
  '@opentelemetry/api': '1.9.0',
} as const;
type Peer = keyof typeof OLDEST;

/**
 * The exports of an optional package.
 * @param use what it is needed for, as the subject of a sentence goes on: `diskTier() stores`
 * @param otherwise what to do instead of installing it; empty when there is nothing
 * @throws {MissingPackageError} when it is not there, too old, or does not run on this system
 */
export function requirePeer(name: Peer, use: string, otherwise = ''): unknown {
  const require = createRequire(here());
  const found = versionOf(name, require);
  const advice = `npm install ${name}${otherwise && `, or ${otherwise}`}`;
  if (found !== undefined && isOlder(found, OLDEST[name])) {
    throw new MissingPackageError(
      `${use} with the package ${name}, version ${OLDEST[name]} or later; version ${found} is ` +
        `installed: ${advice.replace(name, `${name}@latest`)}`,
    );
  }
  try {
    return require(name);
  } catch (cause) {
    const missing = found === undefined && codeOf(cause) === 'MODULE_NOT_FOUND';
    const what = missing ? 'is not installed' : 'cannot be loaded on this system';
    throw new MissingPackageError(`${use} with the package ${name}, which ${what}: ${advice}`, {
      cause,
    });
  }
}

/** The exports of a package that this one depends on. @throws {MissingPackageError} */
export function requireDependency(name: 'piscina'): unknown {
  try {
    return createRequire(here())(name);
  } catch (cause) {
    throw codeOf(cause) === 'MODULE_NOT_FOUND' ? bundled(`the package ${name}`, cause) : cause;
  }
}

/** The URL of the file that a pool's thread loads. @throws {MissingPackageError} */
export function workerFile(): string {
  const url = new URL('../workers/pool.js', here());
  if (!existsSync(url)) throw bundled(fileURLToPath(url));
  return url.href;
}

/** The text of the page, with its script and style. @throws {MissingPackageError} */
export function pageText(): string {
  const url = new URL('../page/page.html', here());
  if (!existsSync(url)) throw bundled(fileURLToPath(url));
  return readFileSync(url, 'utf8');
}

/** The URL of a file that a thread loads when it needs it; `undefined` where a bundler has left it out. */
export function readerFile(name: 'disk-reader'): string | undefined {
  try {
    const url = new URL(`../workers/${name}.js`, here());
    return existsSync(url) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** What a bundler has made of this file may have no address, as in CommonJS. */
function here(): string {
  const url: unknown = import.meta.url;
  if (typeof url === 'string' && url.startsWith('file:')) return url;
  throw bundled('its own files');
}

function bundled(what: string, cause?: unknown): MissingPackageError {
  return new MissingPackageError(
    `threadmemo does not find ${what}. If a bundler has put threadmemo into the application's own ` +
      "file, leave it outside: its threads load files of the package. That is 'external' in esbuild, " +
      "rollup and ncc, 'externals' in webpack, 'ssr.external' in vite; see docs/guides/bundlers.md.",
    { cause },
  );
}

/** Not by `require`, because a package may hide its package.json. */
function versionOf(name: string, require: NodeJS.Require): string | undefined {
  for (const folder of require.resolve.paths(name) ?? []) {
    const manifest = join(folder, name, 'package.json');
    if (existsSync(manifest)) return String(readManifest(manifest)['version']);
  }
  return undefined;
}

function isOlder(version: string, oldest: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = oldest.split('.').map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}

function codeOf(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException | undefined)?.code;
}
