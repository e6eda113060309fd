/**
 * Where does the bundle end? At packages: they are noted, and left out. A link to sources is code
 * like any other, and so is what tsconfig.json gives a path. What is not there may be asked for in
 * vain; where it would arrive is looked at.
 */

import { isBuiltin } from 'node:module';
import type { Plugin } from 'esbuild';
import { type InstalledPackages, isInstalled, packageNameOf } from './packages.ts';
import { typedFor } from './typed.ts';

/** What is found on the way. */
export interface ImportedNames {
  /** Some are packages': tsconfig.json may have other paths for them. */
  packages: boolean;
  /** Some belong to no file: only tsconfig.json can have paths for them. */
  strange: boolean;
}

/** @param paths whether tsconfig.json is gone by; it comes before what is installed */
export function leave(packages: InstalledPackages, names: ImportedNames, paths: boolean): Plugin {
  return {
    name: 'threadmemo',
    setup(build) {
      build.onResolve({ filter: /^[^./#]/ }, async ({ path, pluginData, ...from }) => {
        const external = { path, external: true };
        if (from.kind === 'entry-point' || pluginData === ASKED) return undefined;
        if (isBuiltin(path)) return external;
        const name = packageNameOf(path);
        const use = name === undefined ? 'strange' : packages.use(name, from.resolveDir);
        if (use === 'ours') return external;
        if (use !== 'strange') names.packages = true;
        if (use === 'installed' && !paths) return external;
        const found = await build.resolve(path, { ...from, pluginData: ASKED });
        if (found.errors.length > 0) {
          names.strange ||= use === 'strange';
          // esbuild says what is wrong.
          if (use === 'strange' && paths) return undefined;
          if (name !== undefined && use === 'linked') packages.miss(name, from.resolveDir);
          return external;
        }
        if (use === 'installed' && isInstalled(found.path)) return external;
        const typed = paths && use !== 'linked' && typedFor(found.path, from.importer);
        return typed ? { path: typed } : found;
      });
    },
  };
}

const ASKED = Symbol('asked esbuild itself');
