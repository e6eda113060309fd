/**
 * Names of functions that a bundler or a minifier may have made.
 *
 * Such a name is another function's in the next build: `s` is whatever comes first, `work2` whichever
 * of two modules' `work` comes second. What outlives the process under such a name would be served
 * to a function that has never computed it. A name that was given by the `name` option is believed.
 */

import { OptionError } from '../errors.ts';

interface Named {
  readonly options: { readonly name: string; readonly isNameInferred: boolean };
}

/** The functions of one module. */
export class ModuleNames<Fn extends Named> {
  readonly #all = new Set<string>();
  /** Those with inferred names that end in a number, by the rest of the name. */
  readonly #numbered = new Map<string, Map<string, Fn>>();

  /** @returns those whose names look made since there is this one, too */
  add(fn: Fn): readonly Fn[] {
    const { name, isNameInferred } = fn.options;
    this.#all.add(name);
    const numbered = [...(this.#numbered.get(name)?.values() ?? [])];
    if (!isNameInferred) return numbered;
    const stem = stemOf(name);
    if (stem !== undefined) this.#withStem(stem).set(name, fn);
    const looksMade =
      isShort(name) || isNumber(name) || (stem !== undefined && this.#all.has(stem));
    return looksMade ? [fn, ...numbered] : numbered;
  }

  #withStem(stem: string): Map<string, Fn> {
    const known = this.#numbered.get(stem) ?? new Map<string, Fn>();
    this.#numbered.set(stem, known);
    return known;
  }
}

/** One or two letters. */
function isShort(name: string): boolean {
  return [...name].length <= 2;
}

/** As obfuscators write one: `_0x3fa2`. */
function isNumber(name: string): boolean {
  return /^_*0x[\da-f]+$/i.test(name);
}

/** `work` of `work2` and `work$1`. */
function stemOf(name: string): string | undefined {
  return /^(.*[^\d$_])[$_]*\d+$/.exec(name)?.[1];
}

/** @param keeps what keeps values under the name */
export function madeNameError(name: string, module: string, keeps: string): OptionError {
  return new OptionError(
    `name is '${name}', inferred from a function in ${module}. It looks as if a bundler or a minifier ` +
      `had made it; then another function may have it in the next build, and ${keeps} would serve it ` +
      "this one's values. Give the function a name that stays: { name: '...' } in the options of memoize.",
  );
}
