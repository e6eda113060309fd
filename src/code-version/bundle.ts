/**
 * A module and all that it imports, as one text that says what it does and not how it is written:
 * esbuild's bundle, minified; and the same for each of its memoized functions (`parts.ts`). Comments, formatting, types, and unused exports are gone,
 * and so are the places of files. What stays is every statement that has an effect when its module
 * is loaded, in the order of loading, and all names.
 *
 * Two texts are equal only if the programs do the same. The reverse does not hold, and need not: a
 * local variable with another name is another text, and so may be what another version of esbuild
 * makes of the same source.
 */

import { basename, dirname, resolve } from 'node:path';
import type { BuildFailure, BuildOptions, TransformOptions } from 'esbuild';
import { FingerprintError } from '../errors.ts';
import { requirePeer } from '../installed.ts';
import { leave } from './boundary.ts';
import { lookedAt } from './looked.ts';
import { InstalledPackages } from './packages.ts';
import { type Parts, partsOf, READABLE } from './parts.ts';
import { asNode, asTsx, mayDiffer, type Read, type Reading } from './reading.ts';

export interface Bundle {
  /** One for each way in which the program may be read. */
  readonly texts: readonly string[];
  /** Likewise, of what one function can reach, by its name; of the functions of which that is known. */
  readonly parts: ReadonlyMap<string, readonly string[]>;
  /** `name@version` of the packages that it imports, and of those that they depend on; in order. */
  readonly packages: readonly string[];
  /** What each file gives to the texts, by its path from the folder of the entry. */
  readonly files: ReadonlyMap<string, readonly string[]>;
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
    const text = outputFiles.map(({ text }) => text).join('\n');
    return {
      text: await minified(esbuild, text),
      parts: await minifiedParts(esbuild, await partsOf(esbuild, text, basename(entry))),
      sections: sectionsOf(text),
      files: Object.keys(metafile.inputs),
      names,
      looked: lookedAt(metafile.inputs, folder),
    };
  };
  const node = await read(asNode);
  const tsx = mayDiffer(node) ? await read(asTsx) : node;
  return {
    texts: [...new Set([node.text, tsx.text])],
    parts: inBoth(node.parts, tsx.parts),
    packages: packages.names(),
    files: byFile([node.sections, tsx.sections]),
    looked: [...new Set([...node.looked, ...tsx.looked, ...packages.looked])].sort(),
  };
};

const inBoth = (node: Parts, tsx: Parts): Bundle['parts'] =>
  new Map(
    [...node].flatMap(([name, text]) => {
      const other = tsx.get(name);
      return other === undefined ? [] : [[name, [...new Set([text, other])]] as const];
    }),
  );

/** A file's path and its code, which esbuild prints below that; a file may be in several places. */
function sectionsOf(text: string): Read['sections'] {
  const [, ...sections] = text.split(/^\/\/ (.*)\n/m);
  const found = new Map<string, string>();
  for (let at = 0; at < sections.length; at += 2) {
    const [file = '', code = ''] = sections.slice(at, at + 2);
    found.set(file, (found.get(file) ?? '') + code);
  }
  return found;
}

function byFile(readings: readonly Read['sections'][]): Bundle['files'] {
  const files = [...new Set(readings.flatMap((sections) => [...sections.keys()]))].sort();
  return new Map(files.map((file) => [file, readings.map((sections) => sections.get(file) ?? '')]));
}

async function minifiedParts(esbuild: Esbuild, parts: Parts): Promise<Parts> {
  const texts = [...parts].map(
    async ([name, text]) => [name, await minified(esbuild, text)] as const,
  );
  return new Map(await Promise.all(texts));
}

async function minified(esbuild: Esbuild, text: string): Promise<string> {
  return (await esbuild.transform(text, MINIFIED)).code;
}

/** Not the identifiers: the letters that they would get depend on comments and types, too. */
const MINIFIED = {
  minifyWhitespace: true,
  minifySyntax: true,
  format: 'esm',
  platform: 'node',
  target: 'esnext',
  treeShaking: false,
  legalComments: 'none',
  charset: 'utf8',
  logLevel: 'silent',
} as const satisfies TransformOptions;

const OPTIONS = {
  ...READABLE,
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
  legalComments: 'none',
  // Node loads a module for its effects, whatever its package.json says about them.
  ignoreAnnotations: true,
  charset: 'utf8',
  loader: { '.node': 'binary', '.wasm': 'binary', '.css': 'binary' },
  logLevel: 'silent',
} as const satisfies BuildOptions;

type Esbuild = typeof import('esbuild');

function load(): Esbuild {
  const use =
    'to keep results beyond the end of the process, the code that they come from is looked at';
  return requirePeer('esbuild', use, 'give the functions a version') as Esbuild;
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
