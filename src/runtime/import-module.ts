/**
 * Imports a module whose name is known at run time only.
 *
 * TypeScript modules: Node 22 and later strip types themselves or inherit the application's loader.
 * In a worker of Node 20 an inherited tsx does not see dynamic imports, until it is registered here;
 * and so it is on any thread of Node 20 that was started without it.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

export const START_NOTHING =
  'Threads load the module that defines a memoized function, so it should start nothing: move the ' +
  'function to a module of its own (which a bundler must keep in a file of its own), or start the ' +
  'application only if isMainThread (node:worker_threads).';

/** The module's exports. @param module its URL */
export async function importModule(module: string): Promise<Readonly<Record<string, unknown>>> {
  const oldNode = Number.parseInt(process.versions.node, 10) < 22;
  if (oldNode && /\.[cm]?tsx?$/.test(new URL(module).pathname)) await registerTsx(module);
  return import(module);
}

/**
 * What helps when a module could not be imported, or its thread has died of it, to be put behind the
 * failure; empty when nothing is known.
 */
export function importHint(cause: unknown): string {
  const { code, syscall } = (cause ?? {}) as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE' || syscall === 'listen') return `. ${START_NOTHING}`;
  return code === 'ERR_UNKNOWN_FILE_EXTENSION'
    ? '. Install tsx, use Node 22.18 or later, or run the compiled JavaScript.'
    : '';
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
