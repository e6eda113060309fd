/** Finds a function that this thread was asked to run, by evaluating the module that defines it. */

import { existsSync } from 'node:fs';
import { allExportsLearned } from '../call/module-exports.ts';
import { type Definition, definitionOf, register } from '../call/registry.ts';
import { installedSide } from '../call/side.ts';
import { LoadError } from '../errors.ts';
import { canonicalKey } from '../keys/canonical.ts';
import { resolveMemoizeOptions } from '../options.ts';
import type { FunctionInfo } from '../protocol.ts';
import { importHint, importModule, START_NOTHING } from '../runtime/import-module.ts';

const BAKED =
  '. If a bundler has made the file that runs, it may have written the path of its own input in ' +
  'place of import.meta.url, as webpack does: see docs/guides/bundlers.md.';

type Exports = Readonly<Record<string, unknown>>;

interface Evaluation {
  readonly done: Promise<Exports>;
  /** `refused`: the module has started to use its own functions, so it is an application's. */
  state: 'under way' | 'done' | 'failed' | 'refused';
  refuse(error: LoadError): void;
}

const evaluations = new Map<string, Evaluation>();

/** The function, if it can be had without loading anything. */
export function loaded({ id, module }: FunctionInfo): Definition | undefined {
  const known = definitionOf(id);
  const state = evaluations.get(module)?.state;
  const isRight = known?.info.module === module && state !== 'refused' && state !== 'failed';
  return isRight ? known : undefined;
}

/** Whether the import of the function's module has failed: this thread remembers that for ever. */
export function isUnloadable({ module }: FunctionInfo): boolean {
  return evaluations.get(module)?.state === 'failed';
}

/**
 * Evaluates the function's module, once in a thread.
 * @throws {LoadError}
 */
export async function load(info: FunctionInfo): Promise<Definition> {
  const { id, module } = info;
  const exports = await evaluated(info);
  await allExportsLearned();
  const found = definitionOf(id) ?? defineExport(info, exports);
  if (found) return found;
  throw new LoadError(
    `${thisThread()} has loaded ${module}, but that does not memoize ${id}. Call memoize() at the ` +
      'top level of the module, unconditionally, so that every thread that loads it has the function. ' +
      'If a bundler has made the file that runs, this may be one of its inputs: see ' +
      'docs/guides/bundlers.md.',
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
  return register(module, plain, options, canonicalKey, { exportName: name }).definition;
}

/**
 * True when a call comes out of the evaluation of the very module that defines the function: that
 * module was written to run the application, and goes on to do so in this thread. Its evaluation
 * has failed then, and the call is not to be answered.
 */
export function startsApplication({ info }: Definition): boolean {
  const evaluation = evaluations.get(info.module);
  if (!evaluation || evaluation.state === 'done' || evaluation.state === 'failed') return false;
  evaluation.state = 'refused';
  const message = `${info.module} called ${info.id} while a worker thread was loading it. ${START_NOTHING}`;
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
  const over = (state: 'done' | 'failed') => () => {
    if (evaluation.state === 'under way') evaluation.state = state;
  };
  done.then(over('done'), over('failed'));
  return evaluation;
}

function failure(module: string, cause: unknown): string {
  const { message = String(cause) } = (cause ?? {}) as { message?: string };
  return `${thisThread()} could not load ${module}: ${message}${hint(module, cause)}`;
}

function thisThread(): string {
  return installedSide()?.kind === 'coordinator' ? 'the main thread' : 'a worker thread';
}

/** What helps, to stand after the failure; empty when nothing is known. */
function hint(module: string, cause: unknown): string {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  if (code === 'ERR_MODULE_NOT_FOUND' && !existsSync(new URL(module))) return BAKED;
  return importHint(cause);
}
