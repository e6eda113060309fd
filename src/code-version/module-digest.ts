/**
 * A digest of what a module is made of: its text, the texts of the files that it imports by relative
 * paths, and theirs, and the versions of the packages that any of them imports. Two copies of a
 * package that differ only in a patched helper, or in a peer, compute different values.
 *
 * Imports are found by how they look. One in a comment or in a text counts as well, in every copy
 * alike; one with a computed path does not.
 */

import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readManifest } from '../runtime/manifest.ts';

const DIGEST_LENGTH = 10;
/** Beyond that, the rest of a package is taken to be alike. */
const MOST_FILES = 1000;
const SPECIFIER = /\b(?:from|import|require)\b\s*\(?\s*(["'])([^"'\n]{1,500})\1/g;
const ENDINGS = ['', '.js', '.cjs', '.mjs', '.json', '/index.js', '.ts'];

/** As it was when first asked for; `undefined` when there is no such file. */
export function digestOfModule(path: string): string | undefined {
  if (!isFile(path)) return undefined;
  const hash = createHash('sha256');
  const files = new Set([path]);
  for (const file of files) {
    const text = textOf(file);
    hash.update(`${text.length} ${text}`);
    for (const specifier of specifiersIn(text)) {
      if (!specifier.startsWith('.')) hash.update(`${versionOf(specifier, dirname(file))} `);
      else if (files.size < MOST_FILES) add(files, resolve(dirname(file), specifier));
    }
  }
  return hash.digest('hex').slice(0, DIGEST_LENGTH);
}

function specifiersIn(text: string): string[] {
  return [...text.matchAll(SPECIFIER)].map(([, , specifier = '']) => specifier);
}

function add(files: Set<string>, path: string): void {
  const ending = ENDINGS.find((each) => isFile(path + each));
  if (ending !== undefined) files.add(path + ending);
}

/** Of the package that a module in this folder finds by this name; empty for a builtin one. */
function versionOf(specifier: string, folder: string): string {
  if (specifier.startsWith('node:')) return '';
  const [name] = /^(?:@[^/]+\/)?[^/]+/.exec(specifier) ?? [''];
  for (let at = folder; ; at = dirname(at)) {
    const manifest = join(at, 'node_modules', name, 'package.json');
    if (isFile(manifest)) return versionIn(manifest);
    if (dirname(at) === at) return '';
  }
}

function versionIn(manifest: string): string {
  try {
    return String(readManifest(manifest)['version'] ?? '');
  } catch {
    return '';
  }
}

/** Whatever is wrong with the path, which may be none. */
function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
