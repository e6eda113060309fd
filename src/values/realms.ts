/**
 * The builtin classes of other realms: of `vm` contexts, of the realm in which Jest runs its tests (to
 * which even what `readdirSync` returns is foreign), of windows. A copy of such an object is one of
 * this realm's, and so is its key.
 *
 * A class is recognised by its prototype, whose constructor must be native code of that very name and
 * have that very prototype. Neither can be had by what is no builtin: a class's source is its own, a
 * bound function has no prototype, and the `prototype` of a native class cannot be replaced.
 */

import { types } from 'node:util';

const names = new WeakMap<object, string>();
const sourceOf = Function.prototype.toString;

/** The name of the builtin class of any realm, this one included, whose prototype this is. */
export function builtinName(prototype: object | null): string | undefined {
  if (prototype === null || types.isProxy(prototype)) return undefined;
  const known = names.get(prototype);
  if (known !== undefined) return known;
  const name = nameOf(prototype);
  if (name !== undefined) names.set(prototype, name);
  return name;
}

function nameOf(prototype: object): string | undefined {
  const made: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof made !== 'function' || types.isProxy(made)) return undefined;
  if (Object.getOwnPropertyDescriptor(made, 'prototype')?.value !== prototype) return undefined;
  return /^function (\w+)\(\) \{ \[native code\] \}$/.exec(sourceOf.call(made))?.[1];
}
