/**
 * Remembers fingerprints beyond the process: each with a stamp (`stamp.ts`) of every file that it
 * depends on. As long as all stamps are what they were, nothing needs to be read.
 *
 * A file a module and set of conditions, so that processes that write at once take nothing from each
 * other; it is replaced as a whole, and begins with a checksum. What does not check, or cannot be
 * written, only costs time.
 */

import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Glance } from './stamp.ts';

const FORMAT = 3;
/**
 * Milliseconds. What was changed so shortly before it was read may have been changed again since,
 * with no other time to tell: some file systems count in two seconds.
 */
const SETTLED_AFTER = 2000;

interface Remembered {
  readonly format: typeof FORMAT;
  readonly subject: string;
  /** By the names of functions; of the whole module under the empty one. */
  readonly fingerprints: Readonly<Record<string, string>>;
  /** By path; `null` where nothing is. */
  readonly stamps: Readonly<Record<string, string | null>>;
}

export interface Finding {
  readonly fingerprints: Readonly<Record<string, string>>;
  readonly looked: readonly string[];
  /** When the first of these was read at the earliest, in milliseconds since 1970. */
  readonly begun: number;
}

export type RecalledFinding = Omit<Finding, 'begun'>;

export class Stamps {
  readonly #directory: string;
  readonly #conditions: readonly string[];

  constructor(directory: string, conditions: readonly string[]) {
    this.#directory = directory;
    this.#conditions = conditions;
  }

  /** What was found about a module, if everything is as it was then. */
  recall(entry: string, now: Glance): RecalledFinding | undefined {
    const subject = this.#subject(entry);
    const found = this.#read(subject);
    if (found?.format !== FORMAT || found.subject !== subject) return undefined;
    const { fingerprints, stamps } = found;
    const same = Object.entries(stamps).every(([path, stamp]) => now.stamp(path).is === stamp);
    return same ? { fingerprints, looked: Object.keys(stamps) } : undefined;
  }

  remember(entry: string, { fingerprints, looked, begun }: Finding): void {
    const subject = this.#subject(entry);
    const now = new Glance();
    const stamps = looked.map((path) => ({ path, ...now.stamp(path) }));
    if (stamps.some(({ changedAt }) => changedAt > begun - SETTLED_AFTER)) return;
    const found: Remembered = {
      format: FORMAT,
      subject,
      fingerprints,
      stamps: Object.fromEntries(stamps.map(({ path, is }) => [path, is])),
    };
    this.#write(subject, JSON.stringify(found));
  }

  #subject(entry: string): string {
    return JSON.stringify([entry, ...this.#conditions]);
  }

  #read(subject: string): Remembered | undefined {
    try {
      const text = readFileSync(this.#fileOf(subject), 'utf8');
      const end = text.indexOf('\n');
      const body = text.slice(end + 1);
      return checksum(body) === text.slice(0, end) ? JSON.parse(body) : undefined;
    } catch {
      return undefined;
    }
  }

  #write(subject: string, body: string): void {
    const file = this.#fileOf(subject);
    const draft = `${file}.${randomUUID()}`;
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      writeFileSync(draft, `${checksum(body)}\n${body}`, { mode: 0o600 });
      renameSync(draft, file);
    } catch {
      discard(draft);
    }
  }

  #fileOf(subject: string): string {
    return join(this.#directory, `${checksum(subject).slice(0, 32)}.json`);
  }
}

/** A draft that did not become a file. */
export function discard(draft: string): void {
  try {
    rmSync(draft);
  } catch {
    // It was not made, or the directory cannot be written any more.
  }
}

/** A file, but no folder, that was changed after a moment, or a path that has led elsewhere since. */
export function changedAfter(
  moment: number,
  paths: readonly string[],
  now: Glance,
): string | undefined {
  return paths.find((path) => {
    const { isFile, changedAt, linkedAt } = now.stamp(path);
    return (isFile ? changedAt : linkedAt) > moment;
  });
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
