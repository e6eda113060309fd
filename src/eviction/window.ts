/**
 * How long is an entry safe that was just added? A twentieth of the cache, more where recency counts.
 *
 * Two sums, of milliseconds, halved each time the cache has been filled once more. What was *lost*: the
 * costs of entries that were evicted and wanted again soon after they had been queued. What was
 * *gained*: the costs of entries that were found although more than the whole cache had been added
 * since they were queued; a policy that goes by recency alone would have evicted those. Where more is
 * lost than gained, the window grows with the difference.
 */

/** Ages are counted in so many units a cache: what is stamped with 16 bits wraps after 512 of them. */
export const UNITS = 128;
const LEAST = 0.05;
const MOST = 0.3;
/** Of the cache: what comes back so soon would have been found in a larger window. */
const SOON = 1 / 4;
/** So many mean costs are no evidence. */
const DOUBT = 4;

export class Window {
  #lost = 0;
  #gained = 0;
  #meanCost = 0;
  #share = LEAST;

  /** The age below which an entry is safe, in units. */
  get units(): number {
    return this.#share * UNITS;
  }

  /** An entry of this cost was added. */
  added(cost: number): void {
    this.#meanCost += (cost - this.#meanCost) / 1000;
  }

  /** An entry that was evicted is wanted again, so many units after it had been queued. */
  lost(age: number, cost: number): void {
    if (age >= UNITS * SOON) return;
    this.#lost += cost;
    this.#decide();
  }

  /** An entry was found used, so many units after it had been queued, with so many uses before. */
  gained(age: number, uses: number, cost: number): void {
    // The first use tends to come soon, and only that it came is known.
    if (age <= UNITS || uses < 2) return;
    this.#gained += cost;
    this.#decide();
  }

  /** The cache has been filled once more. */
  forgetHalf(): void {
    this.#lost /= 2;
    this.#gained /= 2;
    this.#decide();
  }

  #decide(): void {
    const doubt = DOUBT * this.#meanCost;
    const excess = (this.#lost - this.#gained) / (this.#lost + this.#gained + doubt || 1);
    this.#share = Math.max(LEAST, LEAST + (MOST - LEAST) * excess);
  }
}
