/**
 * What a module is called everywhere: the same in every thread, process and machine that runs it.
 *
 * An application's module is called by its package and its path in that. One of an installed package
 * has the package's version in its name, and a digest of what it is made of: a package may be installed
 * more than once in one version. Where the copies are alike, their functions are the same ones; where
 * they are not (patched, built differently, with other peers), only that can tell, because a path differs from
 * machine to machine, and which copy is loaded first from thread to thread.
 */

import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { OptionError } from '../errors.ts';
import { readManifest } from '../runtime/manifest.ts';
import { shown } from '../text/shown.ts';
import { digestOfModule } from './module-digest.ts';
import { isInstalled } from './packages.ts';

/** @throws {OptionError} when it is no module */
export function moduleUrl(module: string | ImportMeta): string {
  const given: unknown = typeof module === 'string' ? module : module?.url;
  if (typeof module === 'function') throw notGiven(module);
  if (typeof given === 'string') {
    if (hasNoFile(given)) throw withoutFile(given);
    if (given.startsWith('file:')) return given;
    if (isAbsolute(given)) return pathToFileURL(given).href;
  }
  throw new OptionError(
    `module is ${shown(module)}; it must be import.meta.url or import.meta. In CommonJS, which a bundler may ` +
      'have made of this, both are empty: pass __filename there.',
  );
}

/** The function has slipped to the first place. */
function notGiven(fn: unknown): OptionError {
  return new OptionError(
    `module is ${shown(fn)}; the module comes first: memoize(import.meta.url, fn, options)`,
  );
}

/** Code of `node -e`, of the standard input, of a `data:` URL, has a name and no file. */
function hasNoFile(module: string): boolean {
  const isNamed = /(?:^|[\\/])\[(?:eval|stdin|worker eval)\d*\]$/.test(withBrackets(module));
  return /^(?:data|blob|node):/.test(module) || isNamed;
}

function withBrackets(module: string): string {
  return module.replace(/%5B/gi, '[').replace(/%5D/gi, ']');
}

function withoutFile(module: string): OptionError {
  return new OptionError(
    `module is ${shown(module)}, which is no file that worker threads could load, such as code of ` +
      'node -e or of the standard input; it must be the import.meta.url of a file: put the functions ' +
      'that are memoized in one',
  );
}

/** Its file. */
export function pathOf(url: string): string {
  return withDrive(fileURLToPath(url));
}

/** Windows has `c:\` and `C:\` for the same drive, and programs give either. */
export function withDrive(path: string): string {
  return /^[a-z]:[\\/]/.test(path) ? path.charAt(0).toUpperCase() + path.slice(1) : path;
}

/** By URL: thousands of functions may be in one module, and a tier asks for each. */
const ids = new Map<string, string>();

/** `package/path/of/module.js` */
export function moduleId(url: string): string {
  const known = ids.get(url);
  if (known !== undefined) return known;
  const id = madeId(url);
  ids.set(url, id);
  return id;
}

function madeId(url: string): string {
  const path = pathOf(url);
  const home = packageOf(dirname(path));
  const place = home ? `${home.label}/${relative(home.root, path)}` : path;
  const digest = isInstalled(path) ? textOf(url) : undefined;
  return place.split(sep).join('/') + (digest === undefined ? '' : `~${digest}`);
}

/** Whether two files are made of the same. */
export function areAlike(url: string, other: string): boolean {
  const text = textOf(url);
  return text !== undefined && text === textOf(other);
}

const texts = new Map<string, string | undefined>();

/** A digest of a module, as it was when first asked for; `undefined` when it has no file. */
function textOf(url: string): string | undefined {
  if (!texts.has(url)) texts.set(url, digestOfModule(pathOf(url)));
  return texts.get(url);
}

interface Package {
  readonly root: string;
  /** Its name; with its version for a dependency, of which a process may load several. */
  readonly label: string;
}

const packages = new Map<string, Package | undefined>();

function packageOf(folder: string): Package | undefined {
  if (packages.has(folder)) return packages.get(folder);
  const file = join(folder, 'package.json');
  const label = existsSync(file) ? labelIn(file) : undefined;
  const parent = dirname(folder);
  const above = parent === folder ? undefined : () => packageOf(parent);
  const found = label === undefined ? above?.() : { root: folder, label };
  packages.set(folder, found);
  return found;
}

/** `undefined` for a package.json without a name, which only sets the module type of its folder. */
function labelIn(file: string): string | undefined {
  const { name, version } = readManifest(file);
  if (typeof name !== 'string') return undefined;
  return isInstalled(file) && typeof version === 'string' ? `${name}@${version}` : name;
}
