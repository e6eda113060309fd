/**
 * The documents: the Markdown files in a folder, in order of path. Not the licences and the
 * translations (README.fr.md), which are alike by nature, nor what is installed inside a package.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export interface Document {
  /** Relative to the folder. */
  readonly path: string;
  readonly text: string;
}

/** In characters: shorter ones say too little. */
const shortest = 500;
const longest = 100_000;

const isDocument = (name: string) => /^[^.]+\.md$/i.test(name) && !/licen[cs]e/i.test(name);
const isWithin = (path: string) => !/(?:^|[/\\])(?:\.|node_modules[/\\])/.test(path);

/** At most `most`. */
export function readDocuments(folder: string, most: number): Document[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isDocument(entry.name))
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
    .filter(isWithin)
    .sort()
    .map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') }))
    .filter(({ text }) => text.length >= shortest && text.length <= longest)
    .slice(0, most);
}
