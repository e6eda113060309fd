/**
 * What structured clone would lose or change in a value, gathered while the value is checked.
 *
 * V8 writes plain data faithfully, with four exceptions: a null prototype becomes
 * `Object.prototype`; a RegExp's `lastIndex` becomes 0; an error keeps only message, stack and cause,
 * and gets its class from its name; a view drags the whole of its memory along (which `clone.ts`
 * takes care of). The losses travel beside the value, in the same message. V8 keeps identity within
 * a message, so a loss simply refers to the object that it is about: no path has to be kept, and an
 * object that is referred to twice is repaired once.
 */
import { errorClassName } from './builtins.ts';
import { type Kind, kindOf, maxDepth } from './kind.ts';
import { Refusal, reasonAgainst, tooDeep } from './refusal.ts';

/** Name, value, and whether it is enumerable. */
export type OwnProperty = readonly [name: string, value: unknown, enumerable: boolean];

/** What is to be put back after decoding; every list is of objects within the value. */
export interface Losses {
  readonly bare: object[];
  readonly patterns: (readonly [pattern: RegExp, lastIndex: number])[];
  readonly errors: (readonly [error: Error, className: string, own: readonly OwnProperty[]])[];
}

interface Walk {
  /** Objects that are finished. What is shared is checked once, and its losses are listed once. */
  readonly done: Set<object>;
  losses: Losses | undefined;
}

/**
 * Checks that a value can cross, and returns what has to be repaired, if anything.
 *
 * @throws {Refusal} when it cannot
 */
export function findLosses(value: object): Losses | undefined {
  const walk: Walk = { done: new Set(), losses: undefined };
  checkObject(walk, value, 0);
  return walk.losses;
}

function check(walk: Walk, value: unknown, depth: number): void {
  if (typeof value === 'object' && value !== null) checkObject(walk, value, depth);
  else if (typeof value === 'function' || typeof value === 'symbol') {
    throw new Refusal(reasonAgainst(value));
  }
}

function checkObject(walk: Walk, object: object, depth: number): void {
  if (walk.done.has(object)) return;
  // A cycle ends here, too.
  if (depth > maxDepth) throw new Refusal(tooDeep);
  const kind = kindOf(object);
  if (kind === undefined) throw new Refusal(reasonAgainst(object));
  if (kind === 'error') checkError(walk, object as Error, depth + 1);
  else checkParts(walk, object, kind, depth + 1);
  walk.done.add(object);
}

function checkParts(walk: Walk, object: object, kind: Kind, depth: number): void {
  if (kind === 'bare') lossesOf(walk).bare.push(object);
  if (kind === 'plain' || kind === 'bare' || kind === 'array') {
    const record = object as Readonly<Record<string, unknown>>;
    for (const key of Object.keys(object)) check(walk, record[key], depth);
  } else if (kind === 'map') {
    for (const [key, value] of object as ReadonlyMap<unknown, unknown>) {
      check(walk, key, depth);
      check(walk, value, depth);
    }
  } else if (kind === 'set') {
    for (const member of object as ReadonlySet<unknown>) check(walk, member, depth);
  } else if (kind === 'regexp') {
    const pattern = object as RegExp;
    if (pattern.lastIndex !== 0) lossesOf(walk).patterns.push([pattern, pattern.lastIndex]);
  }
}

/** All of an error is listed, because which parts of it survive depends on the version of V8. */
function checkError(walk: Walk, error: Error, depth: number): void {
  const own: OwnProperty[] = [];
  for (const name of Object.getOwnPropertyNames(error)) {
    const enumerable = Object.prototype.propertyIsEnumerable.call(error, name);
    if (!enumerable && !hiddenFields.has(name)) continue;
    const value = (error as unknown as Record<string, unknown>)[name];
    check(walk, value, depth);
    own.push([name, value, enumerable]);
  }
  const className = errorClassName(Object.getPrototypeOf(error)) ?? 'Error';
  lossesOf(walk).errors.push([error, className, own]);
}

function lossesOf(walk: Walk): Losses {
  walk.losses ??= { bare: [], patterns: [], errors: [] };
  return walk.losses;
}

const hiddenFields = new Set(['stack', 'message', 'name', 'cause', 'errors']);
