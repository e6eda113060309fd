/**
 * What the fingerprints of a module were computed from, so that a person can be told which file has changed
 * since: a digest of each file's code, the packages and the conditions. Nothing is decided by it.
 *
 * A file for each version of a module, beside the stamps, written when its fingerprints are computed; of the
 * last {@link MOST}, so that the folder does not grow with every release.
 */

import { createHash, randomUUID } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Bundle } from './bundle.ts';
import { discard } from './stamps.ts';

const MOST = 256;

export interface CodeNote {
  /** Of the module and its functions. */
  readonly fingerprints: readonly string[];
  /** By path, seen from the module's folder: a digest of the code, without its comments. */
  readonly files: Readonly<Record<string, string>>;
  /** `name@version`, in order. */
  readonly packages: readonly string[];
  readonly conditions: readonly string[];
}

/** What differs between two versions of the code of a module. */
export interface CodeChanges {
  /** Files by their paths, seen from the module's folder. */
  readonly changed: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** `name@version` of packages that are there no more, or were not there. */
  readonly packagesBefore: readonly string[];
  readonly packagesNow: readonly string[];
  /** Whether files of packages are chosen by other conditions. */
  readonly conditions: boolean;
}

export class CodeNotes {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = join(directory, 'code');
  }

  /** Of the last version of the module in which one of its functions had this fingerprint. */
  of(fingerprint: string): CodeNote | undefined {
    const notes = this.#newestFirst().map(noteIn);
    return notes.find((note) => note?.fingerprints.includes(fingerprint));
  }

  /** What cannot be written is only not told. */
  keep(note: CodeNote): void {
    const text = JSON.stringify(note);
    const name = createHash('sha256').update(text).digest('hex').slice(0, 32);
    const file = join(this.#directory, `${name}.json`);
    const draft = `${file}.${randomUUID()}`;
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      for (const old of this.#newestFirst().slice(MOST - 1)) rmSync(old, { force: true });
      writeFileSync(draft, text, { mode: 0o600 });
      renameSync(draft, file);
    } catch {
      discard(draft);
    }
  }

  #newestFirst(): string[] {
    try {
      const files = readdirSync(this.#directory).map((name) => join(this.#directory, name));
      const dated = files.map((file) => ({ file, at: writtenAt(file) }));
      return dated.sort((a, b) => b.at - a.at).map(({ file }) => file);
    } catch {
      return [];
    }
  }
}

export function codeNoteOf(
  { files, packages }: Pick<Bundle, 'files' | 'packages'>,
  conditions: readonly string[],
  fingerprints: readonly string[] = [],
): CodeNote {
  const digests = [...files].map(([file, texts]) => [file, digestOf(texts)] as const);
  return { fingerprints, files: Object.fromEntries(digests), packages, conditions };
}

export function changesBetween(before: CodeNote, now: CodeNote): CodeChanges {
  const [then, present] = [Object.keys(before.files), Object.keys(now.files)];
  const isIn = (note: CodeNote) => (file: string) => Object.hasOwn(note.files, file);
  return {
    changed: present.filter((file) => isIn(before)(file) && before.files[file] !== now.files[file]),
    added: present.filter((file) => !isIn(before)(file)),
    removed: then.filter((file) => !isIn(now)(file)),
    packagesBefore: before.packages.filter((each) => !now.packages.includes(each)),
    packagesNow: now.packages.filter((each) => !before.packages.includes(each)),
    conditions: before.conditions.join() !== now.conditions.join(),
  };
}

function noteIn(file: string): CodeNote | undefined {
  try {
    const note = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(note?.fingerprints) ? note : undefined;
  } catch {
    return undefined;
  }
}

function writtenAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function digestOf(texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 32);
}
