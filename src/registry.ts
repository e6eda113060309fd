/**
 * Which memoized functions this thread knows, and what they are called everywhere.
 *
 * A function id must be the same in every thread, and must never mean two functions. So a name is
 * taken once in a module; only another evaluation of the same module (a test runner that resets
 * modules, hot reloading) may take it again, and then it replaces the first.
 */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { DuplicateNameError, OptionError } from './errors.ts';
import type { AnyFunction, ResolvedMemoizeOptions } from './options.ts';
import type { FunctionInfo } from './protocol.ts';

/** A memoized function as its own thread knows it. */
export interface Definition {
  readonly info: FunctionInfo;
  readonly fn: AnyFunction;
  readonly options: ResolvedMemoizeOptions;
  /**
   * The canonical form of the arguments: with the function id before it, it is the key.
   * @throws {KeyError}
   */
  argsKey(args: readonly unknown[]): string;
  /**
   * How this thread reads its cached values. Only in a pool's thread, and not before there can be
   * any: `sync` begins with it.
   */
  reads: { hitOne(arg: unknown): unknown } | undefined;
}

/** The key of a function's arguments. */
export function keyOf(functionId: string, argsKey: string): string {
  return `${functionId}(${argsKey})`;
}

/** The arguments' key back, of a key that {@link keyOf} has made. */
export function argsKeyOf(functionId: string, key: string): string {
  return key.slice(functionId.length + 1, -1);
}

interface Registered extends Definition {
  /** What `memoize` was given: tells one evaluation of a module from another. */
  readonly module: string | ImportMeta;
}

const FUNCTIONS = Symbol.for('threadmemo:functions:1');
const realm = globalThis as { [FUNCTIONS]?: Map<string, Registered> };

function functions(): Map<string, Registered> {
  realm[FUNCTIONS] ??= new Map();
  return realm[FUNCTIONS];
}

export interface Registration {
  readonly definition: Definition;
  /** It takes the place of an earlier evaluation's, whose values may be another's. */
  readonly again: boolean;
}

/** The function with this id, if its module was evaluated in this thread. */
export function definitionOf(id: string): Definition | undefined {
  return functions().get(id);
}

/**
 * Enters a function under its id.
 * @param exportName when not the module itself memoizes it, but somebody else what it exports
 * @throws {OptionError} when `module` is not a module.
 * @throws {DuplicateNameError} when its module has a function of this name already.
 */
export function register(
  module: string | ImportMeta,
  fn: AnyFunction,
  options: ResolvedMemoizeOptions,
  argsKey: Definition['argsKey'],
  exportName?: string,
): Registration {
  const url = moduleUrl(module);
  const id = functionId(url, options.name, options.version);
  const known = functions().get(id);
  if (known && !isAnotherEvaluation(known, module, url)) throw duplicate(options.name, known);
  const versioned = options.version !== '';
  const exported = exportName !== undefined && { exportName };
  const info: FunctionInfo = { id, module: url, max: options.max, versioned, ...exported };
  const definition = { info, fn, options, argsKey, module, reads: undefined };
  functions().set(id, definition);
  return { definition, again: known !== undefined };
}

function moduleUrl(module: string | ImportMeta): string {
  const given: unknown = typeof module === 'string' ? module : module?.url;
  if (typeof given === 'string') {
    if (given.startsWith('file:')) return given;
    if (isAbsolute(given)) return pathToFileURL(given).href;
  }
  const shown = inspect(module, { depth: 0 });
  throw new OptionError(`module is ${shown}; it must be import.meta.url or import.meta`);
}

/**
 * The same path, but a new `import.meta` or another query: the module was evaluated again. Given a
 * plain URL twice, it is one evaluation with two functions of one name.
 */
function isAnotherEvaluation(known: Registered, module: string | ImportMeta, url: string): boolean {
  if (fileURLToPath(known.info.module) !== fileURLToPath(url)) return false;
  return typeof module === 'string' ? known.info.module !== url : known.module !== module;
}

function duplicate(name: string, { info }: Registered): DuplicateNameError {
  return new DuplicateNameError(
    `'${name}' is memoized already in ${info.module}. ` +
      'Give the functions of a module different names, memoize at its top level rather than in a ' +
      'function, and pass import.meta rather than import.meta.url where a test runner or hot ' +
      'reloading evaluates the module again.',
    { functionId: info.id },
  );
}

/** `package/path/of/module.js#name`, and `@version` behind it when there is one. */
function functionId(url: string, name: string, version: string): string {
  const path = fileURLToPath(url);
  const home = packageOf(dirname(path));
  const place = home ? `${home.label}/${relative(home.root, path)}` : path;
  return `${place.split(sep).join('/')}#${name}${version && `@${version}`}`;
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
  const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  if (typeof name !== 'string') return undefined;
  return file.includes(`${sep}node_modules${sep}`) ? `${name}@${version}` : name;
}
