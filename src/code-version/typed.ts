/**
 * Which file does tsx take for a path that TypeScript imports? `./h.ts` for `./h.js`, also where both
 * are there; Node, and esbuild, take the one that is written.
 */

import { realpathSync, statSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import type { Plugin } from 'esbuild';

const TYPED = /\.(?:[cm]?ts|tsx)$/;
const IN_PLACE_OF: Readonly<Record<string, readonly string[]>> = {
  '.js': ['.ts', '.tsx'],
  '.jsx': ['.tsx', '.ts'],
  '.mjs': ['.mts'],
  '.cjs': ['.cts'],
};

/** `undefined` when it takes no other than esbuild. */
export function typedFor(path: string, importer: string): string | undefined {
  if (!TYPED.test(importer)) return undefined;
  const extension = extname(path);
  const others = IN_PLACE_OF[extension];
  const paths = others
    ? others.map((other) => path.slice(0, -extension.length) + other)
    : ['.ts', '.tsx', '/index.ts', '/index.tsx'].map((rest) => path + rest);
  const found = paths.find(isFile);
  return found === undefined ? undefined : realpathSync(found);
}

export const takeTyped: Plugin = {
  name: 'threadmemo-typed',
  setup(build) {
    build.onResolve({ filter: /^\.\.?(?:\/|$)/ }, ({ path, importer, resolveDir }) => {
      const typed = typedFor(resolve(resolveDir, path), importer);
      return typed === undefined ? undefined : { path: typed };
    });
  },
};

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
