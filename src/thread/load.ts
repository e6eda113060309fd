/**
 * Finds a function that this thread was asked to run, by evaluating the module that defines it.
 *
 * TypeScript modules: Node 22 and later strip types themselves or inherit the application's loader.
 * In a worker of Node 20 an inherited tsx does not see dynamic imports, until it is registered here.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { LoadError } from '../errors.ts';
import type { FunctionInfo } from '../protocol.ts';
import { type Definition, definitionOf } from '../registry.ts';

interface Evaluation {
  readonly done: Promise<unknown>;
  /** `refused`: the module has started to use its own functions, so it is an application's. */
  state: 'under way' | 'over' | 'refused';
  refuse(error: LoadError): void;
}

const evaluations = new Map<string, Evaluation>();

/** The function, if it can be had without loading anything. */
export function loaded({ id, module }: FunctionInfo): Definition | undefined {
  const known = definitionOf(id);
  const isRight = known?.info.module === module && evaluations.get(module)?.state !== 'refused';
  return isRight ? known : undefined;
}

/**
 * Evaluates the function's module, once in a thread.
 * @throws {LoadError}
 */
export async function load({ id, module }: FunctionInfo): Promise<Definition> {
  const evaluation = evaluations.get(module) ?? begin(module);
  try {
    await evaluation.done;
  } catch (cause) {
    if (cause instanceof LoadError) throw cause;
    throw new LoadError(failure(module, cause), { functionId: id, cause });
  }
  const found = definitionOf(id);
  if (found) return found;
  throw new LoadError(
    `a worker thread has loaded ${module}, but that does not memoize ${id}. Call memoize() at the ` +
      'top level of the module, unconditionally, so that every thread that loads it has the function.',
    { functionId: id },
  );
}

/**
 * True when a call comes out of the evaluation of the very module that defines the function: that
 * module was written to run the application, and goes on to do so in this thread. Its evaluation
 * has failed then, and the call is not to be answered.
 */
export function startsApplication({ info }: Definition): boolean {
  const evaluation = evaluations.get(info.module);
  if (!evaluation || evaluation.state === 'over') return false;
  evaluation.state = 'refused';
  const message =
    `${info.module} called ${info.id} while a worker thread was loading it. Threads load the module ` +
    'that defines a memoized function, so it should start nothing: move the function to a module of ' +
    'its own, or start the application only if isMainThread (node:worker_threads).';
  evaluation.refuse(new LoadError(message, { functionId: info.id }));
  return true;
}

function begin(module: string): Evaluation {
  let refuse: Evaluation['refuse'] = () => {};
  const refusal = new Promise<never>((_, reject) => {
    refuse = reject;
  });
  const done = Promise.race([refusal, evaluate(module)]);
  const evaluation: Evaluation = { done, state: 'under way', refuse };
  evaluations.set(module, evaluation);
  const over = () => {
    if (evaluation.state === 'under way') evaluation.state = 'over';
  };
  done.then(over, over);
  return evaluation;
}

async function evaluate(module: string): Promise<unknown> {
  const oldNode = Number.parseInt(process.versions.node, 10) < 22;
  if (oldNode && /\.[cm]?tsx?$/.test(new URL(module).pathname)) await registerTsx(module);
  return import(module);
}

/** From the user's module, or from where the application's own loader lies. */
async function registerTsx(module: string): Promise<void> {
  const loader = process.execArgv.find((each) => each.includes('/tsx/'));
  for (const from of [module, loader, pathToFileURL(`${process.cwd()}/`).href]) {
    const api = from && tsxApi(from);
    if (api) return (await import(api)).register();
  }
  // Without tsx the import that follows says what is missing.
}

/** `require.resolve('tsx/esm/api')` finds the CommonJS one, which cannot register. */
function tsxApi(from: string): string | undefined {
  try {
    const manifest = createRequire(from).resolve('tsx/package.json');
    const { exports } = JSON.parse(readFileSync(manifest, 'utf8'));
    return new URL(exports['./esm/api'].import.default, pathToFileURL(manifest)).href;
  } catch {
    return undefined;
  }
}

function failure(module: string, cause: unknown): string {
  const { message = String(cause), code } = (cause ?? {}) as { message?: string; code?: string };
  const hint =
    code === 'ERR_UNKNOWN_FILE_EXTENSION'
      ? ' Install tsx, use Node 22.18 or later, or run the compiled JavaScript.'
      : '';
  return `a worker thread could not load ${module}: ${message}${hint}`;
}
