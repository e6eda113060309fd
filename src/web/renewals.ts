/**
 * How the pages of a route are made anew when no request waits for them: the request that was answered with the
 * stale one is asked once more, and arrives at the route as one that is expected.
 *
 * Invariant: each that is asked ends once: with the visit that has arrived, or with nothing, if the application
 * has answered without the route, or has done neither in time: clients may wait for it by then. None is kept after that; and a way that is never taken is replaced by
 * the next stale answer of its key, or forgotten for newer ones.
 */

import { clearTimeout, setTimeout } from '../runtime/globals.ts';
import type { Again } from './exchange.ts';
import type { Visit } from './visit.ts';

/** Keys whose stale answer has been given, and whose renewal has not begun: it begins in the same turn. */
const MOST_WAYS = 1_000;
/** Milliseconds in which a request that was asked once more must arrive at the route. */
const PATIENCE_MS = 10_000;

/** A request that was asked once more. */
export interface Expected {
  readonly key: string;
  /** It has arrived, or has come to something else than its page. */
  arrive(visit: Visit | undefined): void;
}

export class PageRenewals {
  readonly #ways = new Map<string, Again>();
  readonly #expected = new WeakMap<object, Expected>();
  readonly #patience: number;

  constructor(patience = PATIENCE_MS) {
    this.#patience = patience;
  }

  /** A request of the key is about to be answered with what is stale, and its renewal is asked for. */
  note(key: string, again: Again): void {
    this.#ways.delete(key);
    this.#ways.set(key, again);
    if (this.#ways.size <= MOST_WAYS) return;
    for (const oldest of this.#ways.keys()) return void this.#ways.delete(oldest);
  }

  /** Whether a request that has arrived was asked by the route itself; it is not expected again. */
  take(token: object): Expected | undefined {
    const expected = this.#expected.get(token);
    if (expected) this.#expected.delete(token);
    return expected;
  }

  /** The visit whose handler may make the page anew. */
  begin(key: string): Promise<Visit | undefined> {
    const again = this.#ways.get(key);
    this.#ways.delete(key);
    if (!again) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      let own: object | undefined;
      // What arrives after all is a request like any other.
      const late = setTimeout(() => {
        if (own) this.#expected.delete(own);
        resolve(undefined);
      }, this.#patience);
      late.unref();
      const arrive = (visit: Visit | undefined) => {
        clearTimeout(late);
        resolve(visit);
      };
      const known = (token: object) => {
        own = token;
        this.#expected.set(token, { key, arrive });
      };
      again(known, () => arrive(undefined));
    });
  }
}
