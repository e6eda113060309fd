/**
 * A module and all that it imports, as one text that says what it does and not how it is written:
 * esbuild's bundle, minified. Comments, formatting, types, and exports that nobody imports are gone,
 * and so are the places of files. What stays is every statement that has an effect when its module
 * is loaded, in the order of loading, and all names.
 *
 * Two texts are equal only if the programs do the same. The reverse does not hold, and need not: a
 * local variable with another name is another text, and so may be what another version of esbuild
 * makes of the same source.
 */

import { createRequire, isBuiltin } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { BuildFailure, BuildOptions, BuildResult, Plugin } from 'esbuild';
import { FingerprintError, MissingPackageError } from '../errors.ts';
import { InstalledPackages, packageNameOf } from './packages.ts';

export interface Bundle {
  readonly text: string;
  /** `name@version` of the packages that it imports, and of those that they depend on; in order. */
  readonly packages: readonly string[];
  /** Absolute paths that decide about both, files and folders, also those where nothing is. */
  readonly looked: readonly string[];
}

/** @throws {FingerprintError} {@link MissingPackageError} */
export type Bundler = (entry: string) => Promise<Bundle>;

export const bundle: Bundler = async (entry) => {
  const esbuild = load();
  const packages = new InstalledPackages();
  const folder = dirname(entry);
  const result = await esbuild
    .build({ ...OPTIONS, entryPoints: [entry], absWorkingDir: folder, plugins: [leave(packages)] })
    .catch((failure: BuildFailure) => Promise.reject(unreadable(entry, failure)));
  return {
    text: result.outputFiles.map(({ text }) => text).join('\n'),
    packages: packages.names(),
    looked: [...new Set([...around(filesOf(result, folder)), ...packages.looked])].sort(),
  };
};

const OPTIONS = {
  bundle: true,
  write: false,
  metafile: true,
  platform: 'node',
  format: 'esm',
  target: 'esnext',
  minifyWhitespace: true,
  // Not the identifiers: the letters that they would get depend on comments and types, too.
  minifySyntax: true,
  // `fn.name` can be seen by the program, and by us.
  keepNames: true,
  legalComments: 'none',
  // Node loads a module for its effects, whatever its package.json says about them.
  ignoreAnnotations: true,
  charset: 'utf8',
  loader: { '.node': 'binary', '.wasm': 'binary', '.css': 'binary' },
  logLevel: 'silent',
} as const satisfies BuildOptions;

function load(): typeof import('esbuild') {
  try {
    return createRequire(import.meta.url)('esbuild');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    const what = missing ? 'is not installed' : 'cannot be loaded on this system';
    throw new MissingPackageError(
      'to keep results beyond the end of the process, the code that they come from is looked at ' +
        `with the package esbuild, which ${what}: npm install esbuild, or give the functions a version`,
      { cause },
    );
  }
}

/**
 * Leaves packages out of the bundle, and notes them. A link to sources is code like any other, and
 * so is what tsconfig.json gives a path; what is not installed may be asked for in vain.
 */
function leave(packages: InstalledPackages): Plugin {
  return {
    name: 'threadmemo',
    setup(build) {
      build.onResolve({ filter: /^[^./#]/ }, async ({ path, pluginData, ...from }) => {
        const external = { path, external: true };
        if (from.kind === 'entry-point' || pluginData === ASKED) return undefined;
        const name = isBuiltin(path) ? undefined : packageNameOf(path);
        if (name === undefined) return isBuiltin(path) ? external : undefined;
        if (packages.use(name, from.resolveDir)) return external;
        const found = await build.resolve(path, { ...from, pluginData: ASKED });
        return found.errors.length > 0 ? external : found;
      });
    },
  };
}

const ASKED = Symbol('asked esbuild itself');

/** What was bundled, without the attributes that esbuild writes behind a path. */
function filesOf({ metafile }: BuildResult<typeof OPTIONS>, folder: string): string[] {
  return Object.keys(metafile.inputs)
    .filter((input) => !input.startsWith('<'))
    .map((input) => resolve(folder, input.replace(/ with \{.*\}$/, '')));
}

/**
 * The files; their folders, because a file that is added may take the place of one that was
 * imported; and what says how they are to be read.
 */
function around(files: readonly string[]): Set<string> {
  const looked = new Set(files);
  for (const file of files) {
    looked.add(dirname(file));
    for (let folder = dirname(file); ; folder = dirname(folder)) {
      const settings = join(folder, 'package.json');
      if (looked.has(settings)) break;
      looked.add(settings).add(join(folder, 'tsconfig.json'));
      if (folder === dirname(folder)) break;
    }
  }
  return looked;
}

function unreadable(entry: string, failure: BuildFailure): FingerprintError {
  const [first] = failure.errors ?? [];
  const place = first?.location && resolve(dirname(entry), first.location.file);
  const where = place ? `${place}:${first.location?.line}: ` : '';
  return new FingerprintError(
    `it is not known which code ${entry} can reach (${where}${first?.text ?? failure.message}). ` +
      'Correct that, or give its functions a version',
    { cause: failure },
  );
}
