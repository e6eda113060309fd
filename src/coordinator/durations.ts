/**
 * How long something took, over and over: in classes of equal ratio, four to an octave, so that any
 * quantile can be told within a tenth of itself from half a kilobyte, and adding one costs nothing.
 */

const IN_AN_OCTAVE = 4;
/** Milliseconds, as a power of two: what is shorter counts as that. The longest class ends at 6 days. */
const LEAST = -10;
const CLASSES = 39 * IN_AN_OCTAVE;

export class Durations {
  /** Made with the first one: there may be thousands of functions. */
  #counts: Uint32Array | undefined;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(ms: number): void {
    this.#counts ??= new Uint32Array(CLASSES);
    const at = Math.floor((Math.log2(Math.max(ms, 0)) - LEAST) * IN_AN_OCTAVE);
    const its = Math.min(Math.max(at, 0), CLASSES - 1);
    this.#counts[its] = (this.#counts[its] as number) + 1;
    this.#count++;
  }

  /** Milliseconds in which such a share of them had ended; `undefined` when there was none. */
  quantile(share: number): number | undefined {
    if (!this.#counts) return undefined;
    let left = Math.ceil(share * this.#count);
    for (const [at, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0) return 2 ** (LEAST + (at + 0.5) / IN_AN_OCTAVE);
    }
    return undefined;
  }

  /** How many took less than each of these milliseconds, as exactly as the classes are narrow. */
  below(limits: readonly number[]): number[] {
    const counts = this.#counts ?? [];
    return limits.map((limit) => {
      const end = Math.round((Math.log2(limit) - LEAST) * IN_AN_OCTAVE);
      let sum = 0;
      for (const [at, count] of counts.entries()) if (at < end) sum += count;
      return sum;
    });
  }
}
