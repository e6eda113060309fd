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

import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import type { BuildFailure, BuildOptions } from 'esbuild';
import { FingerprintError, MissingPackageError } from '../errors.ts';
import { leave } from './boundary.ts';
import { lookedAt } from './looked.ts';
import { InstalledPackages } from './packages.ts';
import { asNode, asTsx, mayDiffer, type Read, type Reading } from './reading.ts';

export interface Bundle {
  /** One for each way in which the program may be read. */
  readonly texts: readonly string[];
  /** `name@version` of the packages that it imports, and of those that they depend on; in order. */
  readonly packages: readonly string[];
  /** Absolute paths that decide about both, files and folders, also those where nothing is. */
  readonly looked: readonly string[];
}

/**
 * @param conditions those beside `node`, `default`, and `import` or `require`
 * @throws {FingerprintError} {@link MissingPackageError}
 */
export type Bundler = (entry: string, conditions: readonly string[]) => Promise<Bundle>;

export const bundle: Bundler = async (entry, conditions) => {
  const esbuild = load();
  const folder = dirname(entry);
  const packages = new InstalledPackages();
  const read = async ({ tsconfigRaw, plugins }: Reading): Promise<Read> => {
    const names = { packages: false, strange: false };
    const { outputFiles, metafile } = await esbuild
      .build({
        ...OPTIONS,
        ...(tsconfigRaw && { tsconfigRaw }),
        conditions: [...conditions],
        entryPoints: [entry],
        absWorkingDir: folder,
        plugins: [leave(packages, names, tsconfigRaw === undefined), ...plugins],
      })
      .catch((failure: BuildFailure) => Promise.reject(unreadable(entry, failure)));
    return {
      text: outputFiles.map(({ text }) => text).join('\n'),
      files: Object.keys(metafile.inputs),
      names,
      looked: lookedAt(metafile.inputs, folder),
    };
  };
  const node = await read(asNode);
  const tsx = mayDiffer(node) ? await read(asTsx) : node;
  return {
    texts: [...new Set([node.text, tsx.text])],
    packages: packages.names(),
    looked: [...new Set([...node.looked, ...tsx.looked, ...packages.looked])].sort(),
  };
};

const OPTIONS = {
  bundle: true,
  write: false,
  metafile: true,
  platform: 'node',
  format: 'esm',
  target: 'esnext',
  // Without it, esbuild prefers what a package has for bundlers.
  mainFields: ['main'],
  // Node knows the first three; the others are for who adds them.
  resolveExtensions: [
    '.js',
    '.json',
    '.node',
    '.ts',
    '.tsx',
    '.mts',
    '.cts',
    '.mjs',
    '.cjs',
    '.jsx',
  ],
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
