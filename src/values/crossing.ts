/**
 * Whether arguments can cross to another thread, where they are not copied: a `key` option has chosen
 * what makes the key, and the value is cached. Otherwise a call that cannot be computed would succeed
 * as long as its value is cached.
 *
 * Strings and bytes cost nothing here, however long they are; objects cost a part of what a key of
 * them would.
 */

import { type Kind, kindOf, maxDepth } from './kind.ts';
import { propertiesOf } from './locate.ts';
import { isPrimitive } from './primitive.ts';
import { Refusal, reasonAgainst, tooDeep, withinItself } from './refusal.ts';

interface Walk {
  /** Noted before their parts are checked: a cycle is carried. */
  readonly met: Set<object>;
  /** Errors whose parts are being checked: an error within itself is not carried. */
  readonly errors: Set<object>;
}

/**
 * Refuses what {@link examine} refuses, in the same order.
 *
 * @throws {Refusal}
 */
export function checkCrossing(args: readonly unknown[]): void {
  if (!args.every(isPrimitive)) checkItems(args, { met: new Set(), errors: new Set() }, 0);
}

function check(value: unknown, walk: Walk, depth: number): void {
  if (isPrimitive(value)) return;
  if (typeof value !== 'object') throw new Refusal(reasonAgainst(value));
  const object = value as object;
  if (walk.errors.has(object)) throw new Refusal(withinItself);
  if (walk.met.has(object)) return;
  if (depth > maxDepth) throw new Refusal(tooDeep);
  const kind = kindOf(object);
  if (kind === undefined) throw new Refusal(reasonAgainst(object));
  walk.met.add(object);
  if (!hasParts.has(kind)) return;
  if (kind === 'error') walk.errors.add(object);
  checkParts(object, kind, walk, depth + 1);
  walk.errors.delete(object);
}

const hasParts = new Set<Kind>(['plain', 'bare', 'array', 'map', 'set', 'error']);

function checkParts(object: object, kind: Kind, walk: Walk, depth: number): void {
  if (kind === 'array' && isLongList(object as readonly unknown[])) {
    checkItems(object as readonly unknown[], walk, depth);
  } else if (kind === 'set') checkItems(object as ReadonlySet<unknown>, walk, depth);
  else if (kind === 'map') {
    for (const entry of object as ReadonlyMap<unknown, unknown>) checkItems(entry, walk, depth);
  } else {
    const record = object as Readonly<Record<string, unknown>>;
    for (const name of propertiesOf(object, kind)) check(record[name], walk, depth);
  }
}

function checkItems(items: Iterable<unknown>, walk: Walk, depth: number): void {
  for (const item of items) check(item, walk, depth);
}

const FEW_ITEMS = 64;
const SAMPLES = 16;

/**
 * Whether only its items are looked at, because to list the names of many would take longer than all
 * the rest. Of an array with holes, which may be far longer than what is in it, the names are.
 */
function isLongList(array: readonly unknown[]): boolean {
  if (array.length <= FEW_ITEMS) return false;
  const step = Math.floor(array.length / SAMPLES);
  for (let at = 0; at < array.length; at += step) if (!(at in array)) return false;
  return true;
}
