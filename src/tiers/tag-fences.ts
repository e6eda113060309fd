/**
 * Tags that the tiers of this process forget, beside what it reads and writes there meanwhile: a tier has
 * noted an invalidation only a while after it was asked for, and another tier sooner.
 *
 * Invariant: what is found while one of its tags is about to be forgotten is not used, and what was
 * asked for, or was to be stored, before one was is put into no tier afterwards.
 */

import { type Begun, TagLog } from '../tags/tag-log.ts';
import { marksIn, type TierRecord } from './tier.ts';

export interface Underway extends Begun {
  /** In milliseconds since 1970. */
  readonly date: number;
}

export class TagFences {
  readonly #log = new TagLog();
  /** How often each is about to be forgotten. */
  readonly #forgetting = new Map<string, number>();

  /** Something is asked for, or is to be stored, from now on: at this date. */
  begin(date: number): Underway {
    return Object.assign(this.#log.ask(), { date });
  }

  end(begun: Underway): void {
    this.#log.answered(begun);
  }

  /** They were invalidated; settles when `forget`, which must not reject, has. */
  async forget(marks: readonly string[], forget: () => Promise<void>): Promise<void> {
    this.#log.invalidate(marks);
    for (const mark of marks) this.#forgetting.set(mark, (this.#forgetting.get(mark) ?? 0) + 1);
    await forget();
    for (const mark of marks) {
      const left = (this.#forgetting.get(mark) ?? 0) - 1;
      if (left > 0) this.#forgetting.set(mark, left);
      else this.#forgetting.delete(mark);
    }
  }

  /** All of them were. */
  forgetAll(): void {
    this.#log.invalidateAll();
  }

  /** Whether one of these was invalidated since. */
  isForgotten(marks: readonly string[], { since }: Underway): boolean {
    return this.#log.lastOf(marks, since) > 0;
  }

  /** Whether a record that was found has a tag that is about to be forgotten. */
  isForgetting(record: TierRecord): boolean {
    return this.#forgetting.size > 0 && marksIn(record).some((mark) => this.#forgetting.has(mark));
  }
}
