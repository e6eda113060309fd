/**
 * The work: real scripts and texts from node_modules, no two with the same content, up to a number of
 * bytes; the list of requests for them, popular files more often, in random order; and the clients,
 * each of which makes its next request when its last one is answered. The same every time.
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { seededRandom, shuffled } from '../random.ts';

export interface SourceFile {
  /** Relative to the folder it was found in, with forward slashes. */
  readonly path: string;
  readonly content: Buffer;
}

/** All in bytes. */
export interface Sizes {
  readonly smallest: number;
  readonly largest: number;
  /** Of all chosen files together. */
  readonly total: number;
}

const wanted = /\.(?:js|mjs|cjs|md)$/;
/** Tools keep their caches in such folders; they come and go between runs. */
const hidden = /(?:^|\/)\./;

/** Every suitable file below `folder`, in order of path; of equal contents only the first. */
export function findFiles(folder: string, sizes: Sizes): SourceFile[] {
  const seen = new Set<string>();
  const found: SourceFile[] = [];
  for (const path of pathsBelow(folder)) {
    const content = readIfSized(join(folder, path), sizes);
    if (content === undefined) continue;
    const digest = createHash('sha256').update(content).digest('hex');
    if (seen.has(digest)) continue;
    seen.add(digest);
    found.push({ path, content });
  }
  return found;
}

/** A random part of `files`, up to the first that no longer fits into `sizes.total`. */
export function chooseFiles(
  files: readonly SourceFile[],
  sizes: Sizes,
  seed: number,
): SourceFile[] {
  const inLots = shuffled(files, seededRandom(seed));
  let bytes = 0;
  const end = inLots.findIndex(({ content }) => {
    bytes += content.length;
    return bytes > sizes.total;
  });
  return end === -1 ? inLots : inLots.slice(0, end);
}

export function totalBytes(files: readonly SourceFile[]): number {
  return files.reduce((sum, { content }) => sum + content.length, 0);
}

function pathsBelow(folder: string): string[] {
  return readdirSync(folder, { encoding: 'utf8', recursive: true })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => wanted.test(path) && !hidden.test(path))
    .sort();
}

function readIfSized(path: string, sizes: Sizes): Buffer | undefined {
  const info = statSync(path, { throwIfNoEntry: false });
  if (!info?.isFile() || info.size < sizes.smallest || info.size > sizes.largest) return undefined;
  return readFileSync(path);
}

export interface Repeats {
  readonly fewest: number;
  readonly most: number;
}

/** The requests in the order in which they are made; the same for the same `items` and `seed`. */
export function requestList<Item>(items: readonly Item[], repeats: Repeats, seed: number): Item[] {
  const random = seededRandom(seed);
  const requests = items.flatMap((item) =>
    new Array<Item>(timesWanted(repeats, random())).fill(item),
  );
  return shuffled(requests, random);
}

/** Squaring the chance skews it: many files are wanted a few times, a few files many times. */
function timesWanted({ fewest, most }: Repeats, chance: number): number {
  return fewest + Math.floor(chance ** 2 * (most - fewest + 1));
}

/** Has `clients` callers work down one list together; ends when the last answer is there. */
export async function workDown<Item>(
  requests: readonly Item[],
  clients: number,
  ask: (item: Item) => Promise<void>,
): Promise<void> {
  const list = requests.values();
  const client = async () => {
    // All clients draw from this one iterator, so every request is made exactly once.
    for (const item of list) await ask(item);
  };
  await Promise.all(Array.from({ length: clients }, client));
}
