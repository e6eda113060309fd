/**
 * How a program is read: as Node reads it by itself, and as tsx does. Which of them loads it, or
 * another that is like one of them, cannot be seen from here, so where they may differ, both count.
 *
 * Node knows no tsconfig.json, takes a relative path as it is written, and executes what an import in
 * TypeScript names even if nothing of it is used. tsx goes by tsconfig.json, and from TypeScript
 * reads `./h.ts` for `./h.js` where both are there.
 */

import { basename } from 'node:path';
import type { Plugin, TsconfigRaw } from 'esbuild';
import type { ImportedNames } from './boundary.ts';
import { textOf } from './looked.ts';
import type { Parts } from './parts.ts';
import { takeTyped } from './typed.ts';

export interface Reading {
  /** In place of the files of that name. */
  readonly tsconfigRaw?: TsconfigRaw;
  readonly plugins: readonly Plugin[];
}

export const asNode: Reading = {
  tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  plugins: [],
};

export const asTsx: Reading = { plugins: [takeTyped] };

/** What comes of it. */
export interface Read {
  readonly text: string;
  readonly parts: Parts;
  /** The code of each file in it, by paths as esbuild writes them. */
  readonly sections: ReadonlyMap<string, string>;
  readonly files: readonly string[];
  readonly names: Readonly<ImportedNames>;
  readonly looked: readonly string[];
}

/** Whether tsx may make anything else of what Node makes this of. */
export function mayDiffer({ files, names, looked }: Read): boolean {
  if (names.strange || files.some((file) => /\.(?:[cm]?ts|[jt]sx)$/.test(file))) return true;
  const settings = looked.filter((path) => basename(path) === 'tsconfig.json');
  return names.packages && settings.some((path) => PATHS.test(textOf(path)));
}

/** What leads names elsewhere, or to another file that does. */
const PATHS = /"(?:paths|baseUrl|extends)"/;
