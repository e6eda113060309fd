/** From `module#function` to a memoized function: the one that the module has, or its plain export. */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Memoized, memoizeExport } from '../api/memoize.ts';
import { definitionOf } from '../call/registry.ts';
import type { AnyFunction } from '../options.ts';
import { importHint, importModule } from '../runtime/import-module.ts';
import { Unusable } from './ended.ts';
import { messageOf } from './error-words.ts';

/** @throws {Unusable} */
export async function findFunction(target: string): Promise<Memoized> {
  const at = target.lastIndexOf('#');
  const [specifier, name] = at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
  const url = moduleUrl(specifier);
  const exports = await settling(importModule(url)).catch((cause: unknown) => {
    throw new Unusable(`cannot import ${specifier}: ${messageOf(cause)}${importHint(cause)}`);
  });
  if (name === '') {
    throw new Unusable(
      `which function? Say ${specifier}#function; ${exportsOf(specifier, exports)}`,
    );
  }
  const found = exports[name];
  if (typeof found !== 'function') {
    const what = name in exports ? `'${name}' is no function` : `there is no export '${name}'`;
    throw new Unusable(`${what} in ${specifier}; ${exportsOf(specifier, exports)}`);
  }
  return isMemoized(found) ? found : memoizeExport(url, found as AnyFunction, name);
}

/** A module that waits at its top level for what never comes would end the process without a word. */
async function settling<T>(work: Promise<T>): Promise<T> {
  let refuse = () => {};
  const stuck = new Promise<never>((_, reject) => {
    refuse = () => reject(new Error('its top-level await waits for what never comes'));
  });
  process.once('beforeExit', refuse);
  return Promise.race([work, stuck]).finally(() => process.off('beforeExit', refuse));
}

/** Also one that another copy of this package has memoized. */
function isMemoized(fn: object): fn is Memoized {
  return 'id' in fn && typeof fn.id === 'string' && definitionOf(fn.id) !== undefined;
}

function exportsOf(specifier: string, exports: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(exports).filter((name) => typeof exports[name] === 'function');
  return names.length > 0
    ? `its functions are ${names.join(', ')}`
    : `${specifier} exports no function`;
}

function moduleUrl(specifier: string): string {
  if (specifier.startsWith('file:')) return specifier;
  const path = resolve(specifier);
  if (existsSync(path)) return pathToFileURL(path).href;
  if (/^(\.{0,2}\/|$)/.test(specifier)) throw new Unusable(`there is no file ${path}`);
  return packageUrl(specifier, path);
}

/** As Node finds it for a module in this folder; only a process that runs there can tell exactly. */
function packageUrl(specifier: string, path: string): string {
  const program = 'process.stdout.write(import.meta.resolve(process.argv[1]))';
  const args = ['--input-type=module', '--eval', program, '--', specifier];
  try {
    const env = { ...process.env, NODE_OPTIONS: '' };
    return execFileSync(process.execPath, args, { encoding: 'utf8', stdio: 'pipe', env });
  } catch {
    throw new Unusable(`there is no file ${path}, and no package '${specifier}' is installed here`);
  }
}
