/**
 * Which tags were invalidated lately: an entry's tags are known when its value is, and what was begun
 * before one of them was invalidated is kept nowhere.
 *
 * Invariant: for everything that is under way, an invalidation of any of its tags that came after it had
 * begun is known here. What is older than all that is under way is forgotten; of more than
 * {@link MOST_MARKS}, the latest counts for every tag, which costs computations and is never wrong.
 *
 * Tags that were expired are remembered likewise, apart from those.
 */

const MOST_MARKS = 100_000;

/** Something that may turn out to have tags. */
export interface Begun {
  /** How many invalidations there had been. */
  readonly since: number;
}

export class TagLog {
  readonly #oldestLease: () => Begun | undefined;
  /** The last invalidation of each mark; the oldest first. */
  readonly #last = new Map<string, number>();
  /** Questions to tiers that are under way, the oldest first. */
  readonly #questions = new Set<Begun>();
  #now = 0;
  /** The last that counts for all marks. */
  #ofAll = 0;

  /** @param oldestLease the one that was granted first, of those that are held: it is under way, too */
  constructor(oldestLease: () => Begun | undefined = () => undefined) {
    this.#oldestLease = oldestLease;
  }

  /** Invalidations so far. */
  get now(): number {
    return this.#now;
  }

  /** Tiers are asked for a record, or to store one. */
  ask(): Begun {
    const question = { since: this.#now };
    this.#questions.add(question);
    return question;
  }

  answered(question: Begun): void {
    this.#questions.delete(question);
  }

  invalidate(marks: readonly string[]): void {
    this.#now++;
    this.#forgetOld();
    for (const mark of marks) {
      // To the end of the order.
      this.#last.delete(mark);
      this.#last.set(mark, this.#now);
    }
    if (this.#last.size > MOST_MARKS) this.invalidateAll();
  }

  /** What has one of them is stale from now on. */
  expire(marks: readonly string[]): void {
    this.invalidate(marks.map(expiryOf));
  }

  /** Whatever it is called. */
  invalidateAll(): void {
    this.#ofAll = ++this.#now;
    this.#last.clear();
  }

  /** The last invalidation of one of these marks after so many; 0 for none. */
  lastOf(marks: readonly string[], since: number): number {
    if (marks.length === 0 || this.#now === since) return 0;
    let last = this.#ofAll;
    for (const mark of marks) last = Math.max(last, this.#last.get(mark) ?? 0);
    return last > since ? last : 0;
  }

  /** Whether one of these was expired after so many invalidations, expirations among them. */
  wasExpired(marks: readonly string[], since: number): boolean {
    return this.#now !== since && marks.some((mark) => this.#isAfter(expiryOf(mark), since));
  }

  #isAfter(mark: string, since: number): boolean {
    return (this.#last.get(mark) ?? 0) > since;
  }

  #forgetOld(): void {
    const oldest = this.#oldest();
    for (const [mark, at] of this.#last) {
      if (at > oldest) return;
      this.#last.delete(mark);
    }
  }

  /** Invalidations that all that is under way comes after. */
  #oldest(): number {
    const [question] = this.#questions;
    const lease = this.#oldestLease();
    return Math.min(question?.since ?? this.#now, lease?.since ?? this.#now);
  }
}

/** No mark begins like this. */
function expiryOf(mark: string): string {
  return `-${mark}`;
}
