/**
 * One request that waits for its key's page, and may be the one whose handler makes it.
 *
 * Invariant: its handler runs at most once, in the asynchronous context of its own request, whichever
 * call of the memoized function had it begin; and a request whose handler has begun is answered by that,
 * unless it fails and there is an older page.
 */

import type { Exchange, RunEnd, Watch } from './exchange.ts';
import type { KeptPage } from './kept-page.ts';

export class Visit {
  readonly exchange: Exchange;
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly arrivedAt: number;
  /** Of its own handler; settles only once that was told to begin. */
  readonly end: Promise<RunEnd>;
  /** What was made of that. */
  page: KeptPage | undefined;
  #hasBegun = false;
  #begin: () => void = () => {};

  constructor(exchange: Exchange, key: string, arrivedAt: number, watch: Watch) {
    this.exchange = exchange;
    this.key = key;
    this.arrivedAt = arrivedAt;
    const turn = new Promise<void>((resolve) => {
      this.#begin = resolve;
    });
    // A promise continues in the context in which it was waited for.
    this.end = turn.then(() => exchange.run(watch));
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Has its handler run. */
  begin(): Promise<RunEnd> {
    this.#hasBegun = true;
    this.#begin();
    return this.end;
  }
}

/** The requests of this thread that wait, by their keys, in the order in which they came. */
export class Visits {
  readonly #byKey = new Map<string, Set<Visit>>();

  add(visit: Visit): void {
    const known = this.#byKey.get(visit.key);
    if (known) known.add(visit);
    else this.#byKey.set(visit.key, new Set([visit]));
  }

  delete(visit: Visit): void {
    const known = this.#byKey.get(visit.key);
    if (known?.delete(visit) && known.size === 0) this.#byKey.delete(visit.key);
  }

  /** The first whose handler can run for the others. */
  next(key: string): Visit | undefined {
    for (const visit of this.#byKey.get(key) ?? []) {
      if (!visit.hasBegun && !visit.exchange.isGone) return visit;
    }
    return undefined;
  }
}
