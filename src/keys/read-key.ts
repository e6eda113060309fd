/**
 * The arguments back, out of a key that `canonical.ts` has made, as far as they are in it: for a person who
 * is to see where two calls differ. What is a digest in the key is one here, too, so that two are
 * compared, and told apart, as their keys are.
 */

import { inspect } from 'node:util';
import { RealDate } from '../runtime/globals.ts';

/** What stands in the place of a value that the key has only a digest of, or none that can be made. */
export class InKey {
  readonly #code: string;
  readonly #words: string;

  constructor(code: string, words: string) {
    this.#code = code;
    this.#words = words;
  }

  isSame(other: InKey): boolean {
    return this.#code === other.#code;
  }

  toString(): string {
    return this.#words;
  }

  [inspect.custom](): string {
    return this.#words;
  }
}

/** The list that the key is of; `undefined` when it is a digest of all, or no key. */
export function argsInKey(key: string): readonly unknown[] | undefined {
  if (!key.startsWith('(')) return undefined;
  try {
    const reader = new KeyReader(key, 1);
    const args: unknown[] = [];
    while (!reader.isAtEnd) args.push(reader.value());
    return args;
  } catch {
    return undefined;
  }
}

const DIGEST_LENGTH = 44;

class KeyReader {
  readonly #key: string;
  #at: number;

  constructor(key: string, at: number) {
    this.#key = key;
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#key.length;
  }

  value(): unknown {
    const start = this.#at;
    const tag = this.#take(1);
    switch (tag) {
      case 'u':
      case '_':
        return undefined;
      case 'n':
        return null;
      case 't':
        return true;
      case 'f':
        return false;
      case '#':
        return Number(this.#until(';'));
      case 'i':
        return BigInt(this.#until(';'));
      case 'd':
        return new RealDate(Number(this.#until(';')));
      case 's':
        return this.#text();
      case 'S':
        return this.#digest(start, `a text of ${this.#until(':')} characters`);
      case '~':
        return this.#digest(start, 'a large value');
      case 'a':
        return this.#times(() => this.value());
      case 'o':
        return this.#properties({});
      case 'O':
        return this.#properties(Object.create(null));
      case 'm':
        return new Map(this.#times(() => [this.value(), this.value()] as const));
      case 'e':
        return new Set(this.#times(() => this.value()));
      case 'v':
        return this.#bytes(start, `${this.#until(';')} of`);
      case 'B':
        return this.#bytes(start, 'ArrayBuffer of');
      case 'r':
        return this.#pattern(start);
      default:
        throw new TypeError(`${tag} is not read`);
    }
  }

  #take(length: number): string {
    const text = this.#key.slice(this.#at, this.#at + length);
    if (text.length < length) throw new RangeError('the key ends too soon');
    this.#at += length;
    return text;
  }

  #until(end: string): string {
    const at = this.#key.indexOf(end, this.#at);
    if (at < 0) throw new RangeError(`there is no ${end}`);
    const text = this.#key.slice(this.#at, at);
    this.#at = at + 1;
    return text;
  }

  #text(): string {
    return this.#take(Number(this.#until(':')));
  }

  #times<T>(each: () => T): T[] {
    const parts: T[] = [];
    for (let left = Number(this.#until(':')); left > 0; left--) parts.push(each());
    return parts;
  }

  #properties(object: Record<string, unknown>): object {
    for (const [name, value] of this.#times(() => [this.#text(), this.value()] as const))
      Object.defineProperty(object, name, { value, enumerable: true });
    return object;
  }

  #digest(start: number, words: string): InKey {
    this.#take(DIGEST_LENGTH);
    return this.#as(start, words);
  }

  /** As they are, up to 64 of them; else a digest, of 43 characters. */
  #bytes(start: number, what: string): InKey {
    const length = Number(this.#until(':'));
    this.#take(length > 64 ? DIGEST_LENGTH - 1 : length);
    return this.#as(start, `${what} ${length} bytes`);
  }

  #pattern(start: number): InKey {
    this.#until(';');
    const flags = this.#until(';');
    return this.#as(start, `/${this.#text()}/${flags}`);
  }

  #as(start: number, words: string): InKey {
    return new InKey(this.#key.slice(start, this.#at), words);
  }
}
