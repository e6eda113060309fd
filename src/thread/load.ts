/** Finds a function that this thread was asked to run, by evaluating the module that defines it. */

import { LoadError } from '../errors.ts';
import { importHint, importModule } from '../import-module.ts';
import { canonicalKey } from '../keys/canonical.ts';
import { resolveMemoizeOptions } from '../options.ts';
import type { FunctionInfo } from '../protocol.ts';
import { type Definition, definitionOf, register } from '../registry.ts';

type Exports = Readonly<Record<string, unknown>>;

interface Evaluation {
  readonly done: Promise<Exports>;
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
export async function load(info: FunctionInfo): Promise<Definition> {
  const { id, module } = info;
  const exports = await evaluated(info);
  const found = definitionOf(id) ?? defineExport(info, exports);
  if (found) return found;
  throw new LoadError(
    `a worker thread has loaded ${module}, but that does not memoize ${id}. Call memoize() at the ` +
      'top level of the module, unconditionally, so that every thread that loads it has the function.',
    { functionId: id },
  );
}

async function evaluated({ id, module }: FunctionInfo): Promise<Exports> {
  const evaluation = evaluations.get(module) ?? begin(module);
  try {
    return await evaluation.done;
  } catch (cause) {
    if (cause instanceof LoadError) throw cause;
    throw new LoadError(failure(module, cause), { functionId: id, cause });
  }
}

/** A plain export, which the coordinator's thread has memoized and the module itself has not. */
function defineExport(
  { module, exportName: name }: FunctionInfo,
  exports: Exports,
): Definition | undefined {
  const fn = name === undefined ? undefined : exports[name];
  if (name === undefined || typeof fn !== 'function') return undefined;
  const plain = fn as (...args: unknown[]) => unknown;
  const options = resolveMemoizeOptions(plain, { name });
  return register(module, plain, options, canonicalKey, name).definition;
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
  const done = Promise.race([refusal, importModule(module)]);
  const evaluation: Evaluation = { done, state: 'under way', refuse };
  evaluations.set(module, evaluation);
  const over = () => {
    if (evaluation.state === 'under way') evaluation.state = 'over';
  };
  done.then(over, over);
  return evaluation;
}

function failure(module: string, cause: unknown): string {
  const { message = String(cause) } = (cause ?? {}) as { message?: string };
  return `a worker thread could not load ${module}: ${message}${importHint(cause)}`;
}
