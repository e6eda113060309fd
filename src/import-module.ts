/**
 * Imports a module that somebody names at run time.
 *
 * TypeScript modules: Node 22 and later strip types themselves or inherit the application's loader.
 * In a worker of Node 20 an inherited tsx does not see dynamic imports, until it is registered here;
 * and so it is on any thread of Node 20 that was started without it.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** The module's exports. @param module its URL */
export async function importModule(module: string): Promise<Readonly<Record<string, unknown>>> {
  const oldNode = Number.parseInt(process.versions.node, 10) < 22;
  if (oldNode && /\.[cm]?tsx?$/.test(new URL(module).pathname)) await registerTsx(module);
  return import(module);
}

/** What helps when a module could not be imported, to be put behind the failure; empty when nothing is known. */
export function importHint(cause: unknown): string {
  const { code } = (cause ?? {}) as { code?: string };
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
