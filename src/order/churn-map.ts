/**
 * A map whose members come and go by the hundred thousand, and do not live long.
 *
 * A `Map` would keep them alive. Whenever it grows, shrinks or has too many gaps, V8 makes a new table for it,
 * and the old one points to the new one. Once a table has grown old, it is garbage that only a full
 * collection finds. Until then it keeps the next one alive, that the one after it, and each what it had in
 * it: so all members survived their first collections, which took three times as long. Here tables have
 * nothing in them but keys and numbers.
 */

/** Places that are kept for the next ones. */
const MANY = 1024;
const OVER = { done: true, value: undefined } as const;

export class ChurnMap<Key extends string | number, Value extends object> {
  readonly #places = new Map<Key, number>();
  readonly #values: (Value | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#places.size;
  }

  get(key: Key): Value | undefined {
    const place = this.#places.get(key);
    return place === undefined ? undefined : this.#values[place];
  }

  has(key: Key): boolean {
    return this.#places.has(key);
  }

  set(key: Key, value: Value): void {
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.#free.pop() ?? this.#values.length;
      this.#places.set(key, place);
    }
    this.#values[place] = value;
  }

  delete(key: Key): boolean {
    const place = this.#places.get(key);
    if (place === undefined) return false;
    this.#leave(key, place);
    return true;
  }

  /** The same if that is its value, which takes one look-up less than to ask first. */
  deleteOnly(key: Key, value: Value): boolean {
    const place = this.#places.get(key);
    if (place === undefined || this.#values[place] !== value) return false;
    this.#leave(key, place);
    return true;
  }

  #leave(key: Key, place: number): void {
    this.#places.delete(key);
    this.#values[place] = undefined;
    this.#free.push(place);
    if (this.#places.size === 0 && this.#values.length > MANY) this.#forgetPlaces();
  }

  clear(): void {
    this.#places.clear();
    this.#forgetPlaces();
  }

  /** In the order in which they came. As of a `Map`: what is deleted meanwhile is left out. */
  values(): IterableIterator<Value, undefined> {
    const [places, values] = [this.#places.values(), this.#values];
    // Not a generator, which takes twice as long.
    const its: IterableIterator<Value, undefined> = {
      next() {
        const { done = false, value: place } = places.next();
        return done ? OVER : { done: false, value: values[place as number] as Value };
      },
      [Symbol.iterator]: () => its,
    };
    return its;
  }

  [Symbol.iterator](): IterableIterator<Value, undefined> {
    return this.values();
  }

  #forgetPlaces(): void {
    this.#values.length = 0;
    this.#free.length = 0;
  }
}
