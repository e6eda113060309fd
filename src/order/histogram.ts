/** How often something took how long: counts by limits that are the same everywhere, so that they add up. */

/** Seconds; what took longer than the last counts only in the sum and the count. */
export const LIMITS_S = [
  ...[0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
] as const;

export class Histogram {
  /** Of each limit, how often it was not exceeded but the one before it was; then what exceeded all. */
  readonly counts: number[] = [...LIMITS_S.map(() => 0), 0];
  /** Seconds. */
  sum = 0;

  observe(ms: number): void {
    const seconds = ms / 1000;
    let at = 0;
    while (at < LIMITS_S.length && seconds > (LIMITS_S[at] as number)) at++;
    this.counts[at] = (this.counts[at] as number) + 1;
    this.sum += seconds;
  }

  add({ counts, sum }: Histogram): void {
    for (let at = 0; at < counts.length; at++)
      this.counts[at] = (this.counts[at] as number) + (counts[at] as number);
    this.sum += sum;
  }

  get count(): number {
    return this.counts.reduce((all, each) => all + each, 0);
  }

  /** Seconds, between two limits by a straight line; `undefined` when there is nothing. */
  quantile(share: number): number | undefined {
    const { count } = this;
    if (count === 0) return undefined;
    let left = share * count;
    for (const [at, limit] of LIMITS_S.entries()) {
      const here = this.counts[at] as number;
      const before = LIMITS_S[at - 1] ?? 0;
      if (here > 0 && left <= here) return before + (limit - before) * (left / here);
      left -= here;
    }
    return LIMITS_S.at(-1);
  }
}

export function sumOf(all: Iterable<Histogram>): Histogram {
  const sum = new Histogram();
  for (const each of all) sum.add(each);
  return sum;
}
