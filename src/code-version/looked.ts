/**
 * Which paths decide about what was bundled? The files; their folders, because a file that is added
 * may take the place of one that was imported; what says how they are to be read; and, where links
 * lead there, the paths as they are written, because a link can be made to lead elsewhere.
 */

import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Metafile } from 'esbuild';

const SETTINGS = new Set(['package.json', 'tsconfig.json']);

/** @param folder which the paths in `inputs` are relative to */
export function lookedAt(inputs: Metafile['inputs'], folder: string): string[] {
  const files = Object.entries(inputs)
    .filter(([input]) => !input.startsWith('<'))
    // esbuild writes attributes behind a path.
    .map(([input, { imports }]) => ({
      file: resolve(folder, input.replace(/ with \{.*\}$/, '')),
      imports,
    }));
  const written = files.flatMap(({ file, imports }) =>
    imports
      .map(({ original }) => original ?? '')
      .filter((original) => /^\.\.?(?:\/|$)/.test(original))
      .map((original) => resolve(dirname(file), original)),
  );
  const looked = around([...files.map(({ file }) => file), ...written]);
  const settings = [...looked].filter((path) => SETTINGS.has(basename(path)));
  return [...looked, ...settings.flatMap(namedIn).filter(isLinked)];
}

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

/** What a package.json or tsconfig.json names, such as with `exports` or `paths`; much is no path. */
export function namedIn(settings: string): string[] {
  const names = [...textOf(settings).matchAll(/"([^"*\n]+)/g)].map(([, name]) => name as string);
  return names.map((name) => resolve(dirname(settings), name));
}

/** Nothing where it cannot be read. */
export function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** `undefined` where nothing is. */
export function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function isLinked(path: string): boolean {
  return (realOf(path) ?? path) !== path;
}
