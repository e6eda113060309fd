/** What the next result will take, by what results have been like so far. */

/** Growth is believed sooner than shrinking: too many calls at once cost more than too few. */
const GROWN = 1 / 4;
const SHRUNK = 1 / 64;

export class TypicalSize {
  #mean = 0;
  #seen = 0;

  /** `undefined` before the first result. */
  get bytes(): number | undefined {
    return this.#seen === 0 ? undefined : this.#mean;
  }

  add(bytes: number): void {
    this.#seen++;
    const weight = Math.max(1 / this.#seen, bytes > this.#mean ? GROWN : SHRUNK);
    this.#mean += (bytes - this.#mean) * weight;
  }
}
