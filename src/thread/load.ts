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

const evaluations = new Map<string, Promise<unknown>>();

/** The function, if it can be had without loading anything. */
export function loaded({ id, module }: FunctionInfo): Definition | undefined {
  const known = definitionOf(id);
  return known?.info.module === module ? known : undefined;
}

/** @throws {LoadError} */
export async function load({ id, module }: FunctionInfo): Promise<Definition> {
  const evaluation = evaluations.get(module) ?? evaluate(module);
  evaluations.set(module, evaluation);
  try {
    await evaluation;
  } catch (cause) {
    evaluations.delete(module);
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
