/**
 * Which memoized functions this thread knows, and what they are called everywhere.
 *
 * A function id must be the same in every thread, and must never mean two functions. So a name is
 * taken once in a module (`module-id.ts` says what that is called); only another evaluation of the same module (a test runner that resets
 * modules, hot reloading) may take it again, and then it replaces the first.
 */

import { FUNCTIONS as MOST_FUNCTIONS } from '../arena/layout.ts';
import { areAlike, moduleId, moduleUrl, pathOf } from '../code-version/module-id.ts';
import { DuplicateNameError, OptionError } from '../errors.ts';
import type { AnyFunction, ResolvedMemoizeOptions } from '../options.ts';
import type { FunctionInfo } from '../protocol.ts';
import { enterNamed } from '../values/error-classes.ts';
import { ModuleNames, madeNameError } from './made-names.ts';
import { noteModule } from './module-exports.ts';

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
   * any: `sync` begins with it, and so do the calls of computations.
   */
  reads:
    | { near(arg: unknown): unknown; nearSettled(arg: unknown): Promise<unknown> | undefined }
    | undefined;
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
  readonly info: FunctionInfo & { hasMadeName?: boolean };
  /** What `memoize` was given: tells one evaluation of a module from another. */
  readonly module: string | ImportMeta;
}

const FUNCTIONS = Symbol.for('threadmemo:functions:1');
const realm = globalThis as { [FUNCTIONS]?: Map<string, Registered> };

function functions(): Map<string, Registered> {
  realm[FUNCTIONS] ??= new Map();
  return realm[FUNCTIONS];
}

const namesByModule = new Map<string, ModuleNames<Registered>>();

function namesIn(path: string): ModuleNames<Registered> {
  const names = namesByModule.get(path) ?? new ModuleNames();
  namesByModule.set(path, names);
  return names;
}

export interface Registration {
  readonly definition: Definition;
  /** It takes the place of an earlier evaluation's, whose values may be another's. */
  readonly again: boolean;
}

/** What is said of a function that a user's module has not memoized itself. */
export interface Origin {
  /** Its module only exports it, by this name. */
  readonly exportName?: string | undefined;
  /** What stands in its id instead of its module. */
  readonly home?: string;
}

function tooMany(id: string): OptionError {
  const most = MOST_FUNCTIONS.toLocaleString('en');
  return new OptionError(
    `${id} would be one more than the ${most} functions that can be memoized in one process. Memoize ` +
      'one function that takes as an argument what tells them apart, rather than one for each.',
    { functionId: id },
  );
}

/** The function with this id, if its module was evaluated in this thread. */
export function definitionOf(id: string): Definition | undefined {
  return functions().get(id);
}

/** Of all functions whose modules were evaluated in this thread. */
export function definitions(): Iterable<Definition> {
  return functions().values();
}

/** How many functions there were at the last look for one with `track`, and whether there was one. */
let looked = 0;
let isTracking = false;

/** Whether this thread has a function with `track`, called or not. */
export function hasTracked(): boolean {
  const all = functions();
  if (isTracking || all.size === looked) return isTracking;
  looked = all.size;
  isTracking = [...all.values()].some(({ info }) => info.tracks);
  return isTracking;
}

/**
 * Enters a function under its id.
 * @throws {OptionError} when `module` is not a module, or a versioned name looks made; when there are
 * too many functions.
 * @throws {DuplicateNameError} when its module has a function of this name already.
 */
export function register(
  module: string | ImportMeta,
  fn: AnyFunction,
  options: ResolvedMemoizeOptions,
  argsKey: Definition['argsKey'],
  { exportName, home }: Origin = {},
): Registration {
  const url = moduleUrl(module);
  const id = functionId(home ?? moduleId(url), options);
  const known = functions().get(id);
  const isCopy = known !== undefined && pathOf(known.info.module) !== pathOf(url);
  if (isCopy && !areAlike(known.info.module, url)) throw twoFiles(id, known.info.module, url);
  if (known && !isCopy && !isAnotherEvaluation(known, module)) throw duplicate(options.name, known);
  if (!known && functions().size >= MOST_FUNCTIONS) throw tooMany(id);
  const versioned = options.version !== '';
  const exported = exportName !== undefined && { exportName };
  const { max, concurrency, thread, jitter, hardTimeout, tags } = options;
  const limited = concurrency < Number.POSITIVE_INFINITY && { concurrency };
  const elsewhere = thread !== 'pool' && { thread };
  const shortened = jitter > 0 && { jitter };
  const { ttl, freshness, track } = options;
  const isConstant = typeof ttl === 'number' && Number.isFinite(ttl) && jitter === 0 && !track;
  const info: FunctionInfo = {
    id,
    module: url,
    max,
    versioned,
    ...exported,
    ...(home !== undefined && { home }),
    ...limited,
    ...elsewhere,
    ...shortened,
    ...(options.cacheErrors !== undefined && { cachesErrors: true }),
    ...(hardTimeout < Number.POSITIVE_INFINITY && { hardTimeout }),
    ...((tags !== undefined || track) && { isTagged: true }),
    ...(track && { tracks: true }),
    ...(isConstant && { ttl }),
    ...(freshness && { freshness }),
  };
  const definition = { info, fn, options, argsKey, module, reads: undefined };
  markMadeNames(definition);
  // Of copies the first stays: what they compute is the same.
  if (!isCopy) functions().set(id, definition);
  enterNamed(id, options.errors);
  noteModule(url);
  return { definition, again: known !== undefined && !isCopy };
}

/**
 * Of all functions of the module, because to an earlier one a later one may be the first of its name.
 * Without a version they matter only where a tier outlives the process, which is not known yet.
 * @throws {OptionError} for one with a version
 */
function markMadeNames(definition: Registered): void {
  const { module } = definition.info;
  for (const { info, options } of namesIn(pathOf(module)).add(definition)) {
    if (info.versioned) throw madeNameError(options.name, module, `version '${options.version}'`);
    info.hasMadeName = true;
  }
}

/**
 * A new `import.meta`, or another query: the module was evaluated again. Given a plain URL twice, it
 * is one evaluation with two functions of one name.
 */
function isAnotherEvaluation(known: Registered, module: string | ImportMeta): boolean {
  if (typeof module !== 'string') return known.module !== module;
  return known.info.module !== moduleUrl(module);
}

/** Which of them a thread loads first must not decide whose values there are. */
function twoFiles(id: string, one: string, other: string): DuplicateNameError {
  return new DuplicateNameError(
    `${id} is memoized in two different files, ${one} and ${other}: two packages have the same name. ` +
      'Give them different names in their package.json, or the functions different `name`s.',
    { functionId: id },
  );
}

function duplicate(name: string, { info }: Registered): DuplicateNameError {
  return new DuplicateNameError(
    `'${name}' is memoized already in ${info.module}. ` +
      'Give the functions of a module different names, memoize at its top level rather than in a ' +
      'function, and pass import.meta rather than import.meta.url where a test runner or hot ' +
      'reloading evaluates the module again. A bundler makes one module of several: then give each ' +
      'function a `name` of its own.',
    { functionId: info.id },
  );
}

/** `package/path/of/module.js#name`, and `@version` behind it when there is one. */
function functionId(home: string, { name, version }: ResolvedMemoizeOptions): string {
  return `${home}#${name}${version && `@${version}`}`;
}
