/**
 * In which path do arguments differ from those of the most similar recent call? For a person who asks
 * why nothing was found. Values are shown short, and without what looks secret (`text/shown.ts`).
 *
 * How far two calls are apart is the sum over their differences, each of which counts half as much one
 * level deeper: a record in which one date is another is nearer than another value in its place. Where one
 * of the two values has parts and the other one does not have the like, none of those parts agrees, and
 * each of them counts. Of calls that are as near as each other the latest is the most similar.
 */

import { types } from 'node:util';
import { InKey } from '../keys/read-key.ts';
import { printable } from '../text/printable.ts';
import { shown } from '../text/shown.ts';

const MOST_PATHS = 3;
const MOST_PARTS = 1000;
const MOST_LEVELS = 8;

interface Difference {
  readonly path: string;
  readonly here: unknown;
  readonly there: unknown;
  /** How far it takes the calls apart. */
  readonly weight: number;
}

const NONE = Symbol('none');

/** The most similar of any number of calls. */
export class Nearest {
  readonly #args: readonly unknown[];
  readonly #root: (at: number) => string;
  #least: readonly Difference[] | undefined;
  #distance = Number.POSITIVE_INFINITY;

  /** @param root what the path of an argument begins with. Default: `args[0]` */
  constructor(args: readonly unknown[], root = (at: number) => `args[${at}]`) {
    this.#args = args;
    this.#root = root;
  }

  /** The latest call last. */
  add(other: readonly unknown[]): void {
    const found = differences(this.#args, other, this.#root);
    const distance = found.reduce((sum, { weight }) => sum + weight, 0);
    if (found.length === 0 || distance > this.#distance) return;
    this.#least = found;
    this.#distance = distance;
  }

  /** `args[0].since: Date 12:00:01 instead of 12:00:00`; `undefined` when there is no other call. */
  get words(): string | undefined {
    const least = this.#least;
    if (!least) return undefined;
    const more = least.length > MOST_PATHS ? [`and ${least.length - MOST_PATHS} more`] : [];
    return [...least.slice(0, MOST_PATHS).map(words), ...more].join('; ');
  }
}

function differences(
  here: readonly unknown[],
  there: readonly unknown[],
  root: (at: number) => string,
): Difference[] {
  const found: Difference[] = [];
  let left = MOST_PARTS;
  const compare = (a: unknown, b: unknown, path: string, level: number): void => {
    if (left-- <= 0 || Object.is(a, b)) return;
    const parts = level < MOST_LEVELS ? partsOfBoth(a, b) : undefined;
    if (!parts) {
      if (areEqualLeaves(a, b)) return;
      const weight = Math.max(leavesOf(a, level), leavesOf(b, level)) / 2 ** level;
      found.push({ path, here: a, there: b, weight });
      return;
    }
    for (const [name, its, others] of parts) compare(its, others, path + name, level + 1);
  };
  const length = Math.max(here.length, there.length);
  for (let at = 0; at < length; at++) {
    compare(at < here.length ? here[at] : NONE, at < there.length ? there[at] : NONE, root(at), 0);
  }
  return found;
}

/** A value without parts is one. */
function leavesOf(value: unknown, level: number, most = MOST_PARTS): number {
  const parts = level < MOST_LEVELS ? partsOfBoth(value, value) : undefined;
  let count = 0;
  for (const [, part] of parts ?? []) {
    if (count >= most) return most;
    count += leavesOf(part, level + 1, most - count);
  }
  return Math.max(1, count);
}

type Part = readonly [name: string, here: unknown, there: unknown];

/** Of two lists, two records, two sets or two maps; of anything else none. */
function partsOfBoth(a: unknown, b: unknown): readonly Part[] | undefined {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return undefined;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b) || a instanceof InKey) return undefined;
  if (types.isSet(a) && types.isSet(b)) return partsOfSets(a, b);
  if (types.isMap(a) && types.isMap(b)) return partsOfMaps(a, b);
  const isPlain = Array.isArray(a) || Object.prototype.toString.call(a) === '[object Object]';
  if (!isPlain) return undefined;
  const [here, there] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const names = new Set([...Object.keys(here), ...Object.keys(there)]);
  const of = (record: Record<string, unknown>, name: string) =>
    Object.hasOwn(record, name) ? record[name] : NONE;
  return [...names].map((name) => [
    nameOf(name, Array.isArray(a)),
    of(here, name),
    of(there, name),
  ]);
}

function partsOfMaps(a: ReadonlyMap<unknown, unknown>, b: ReadonlyMap<unknown, unknown>): Part[] {
  const keys = new Set([...a.keys(), ...b.keys()]);
  const of = (map: ReadonlyMap<unknown, unknown>, key: unknown) =>
    map.has(key) ? map.get(key) : NONE;
  return [...keys].map((key) => [`.get(${shown(key)})`, of(a, key), of(b, key)]);
}

/** Of objects in them it is not known which are meant to be the same. */
function partsOfSets(a: ReadonlySet<unknown>, b: ReadonlySet<unknown>): Part[] {
  const members = [...new Set([...a, ...b])].filter((each) => Object(each) !== each);
  return members.map((each) => [`.has(${shown(each)})`, a.has(each), b.has(each)]);
}

function nameOf(name: string, isList: boolean): string {
  if (isList) return `[${name}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)
    ? `.${name}`
    : `[${JSON.stringify(name)}]`;
}

function areEqualLeaves(a: unknown, b: unknown): boolean {
  if (a instanceof InKey && b instanceof InKey) return a.isSame(b);
  if (types.isDate(a) && types.isDate(b)) return a.getTime() === b.getTime();
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b))
    return Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
  return typeof a === 'object' && typeof b === 'object' && shown(a) === shown(b);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function words({ path, here, there }: Difference): string {
  if (types.isDate(here) && types.isDate(there)) return `${path}: ${datesShown(here, there)}`;
  const [is, was] = [valueShown(here), valueShown(there)];
  return `${path}: ${is} instead of ${is === was ? 'another' : was}`;
}

function valueShown(value: unknown): string {
  if (value === NONE) return 'none';
  return value instanceof InKey ? printable(String(value)) : shown(value);
}

/** Of the same day the time is enough, and of the same second its fraction is needed. */
function datesShown(here: Date, there: Date): string {
  const [a, b] = [here, there].map((date) =>
    Number.isNaN(date.getTime()) ? ['invalid', ''] : date.toISOString().slice(0, -1).split('T'),
  ) as [string[], string[]];
  if (a[0] !== b[0]) return `Date ${a.join(' ')} instead of ${b.join(' ')}`.replaceAll('.000', '');
  const bothWhole = [a, b].every(([, time]) => time?.endsWith('.000'));
  const time = ([, text = '']: string[]) => (bothWhole ? text.slice(0, -4) : text);
  return `Date ${time(a)} instead of ${time(b)}`;
}
