/** The names of properties in a structured clone, which mostly come again and again. */
import { latin1Text } from './text.ts';

/** Of this many the last one is remembered, by a guess that never decides. */
const PLACES = 256;
const LONGEST = 32;

export class KnownNames {
  readonly #names = new Array<string>(PLACES).fill('');

  /** The name between two places in memory, made only if it is another one than lately. */
  at(memory: Uint8Array, start: number, end: number): string {
    const length = end - start;
    if (length === 0 || length > LONGEST) return latin1Text(memory, start, end);
    const [first, last] = [memory[start] as number, memory[end - 1] as number];
    const place = (first * 31 + last * 7 + length) % PLACES;
    const known = this.#names[place] as string;
    if (known.length === length && isAt(known, memory, start)) return known;
    const name = latin1Text(memory, start, end);
    this.#names[place] = name;
    return name;
  }
}

function isAt(name: string, memory: Uint8Array, start: number): boolean {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) !== memory[start + i]) return false;
  return true;
}

/** From here on looking for one takes longer than a set. */
const FEW = 8;

/** The names that one object has had so far. */
export class NamesOfObject {
  readonly #few: string[] = [];
  #many: Set<string> | undefined;

  get size(): number {
    return this.#many?.size ?? this.#few.length;
  }

  /** @returns false if it was there */
  add(name: string): boolean {
    const many = this.#many;
    if (many) return !many.has(name) && many.add(name) === many;
    if (this.#few.includes(name)) return false;
    this.#few.push(name);
    if (this.#few.length > FEW) this.#many = new Set(this.#few);
    return true;
  }
}
