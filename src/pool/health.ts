/** What a readiness probe wants to know of a pool. What users compile against: it names none of the machinery. */

/** Whether a pool can answer calls now, and why not. */
export interface Health {
  /**
   * One more call would be taken: the pool is open, a thread is up, and `maxQueue` is not reached. With
   * `threads: 0` calls are taken as long as it is open, but for those that would have to wait for a slot of their
   * function's `concurrency`. Tiers do not count: without them the process computes for itself.
   */
  readonly ready: boolean;
  /** `draining`: `close({ drain })` was called, and calls still wait. */
  readonly state: 'open' | 'draining' | 'closed';
  /** Worker threads that have started, of those that the pool is to have. */
  readonly threads: { readonly up: number; readonly wanted: number };
  /** By the tiers' names, fastest first: whether it can be used now, as far as is known. */
  readonly tiers: Readonly<Record<string, { readonly up: boolean }>>;
  /** Calls that wait for a thread now, or for a slot of their function's `concurrency`. */
  readonly queued: number;
}

export interface HealthParts extends Pick<Health, 'queued'> {
  readonly closed: boolean;
  readonly draining: boolean;
  readonly hasRoom: boolean;
}

export function healthOf(
  { closed, draining, hasRoom, queued }: HealthParts,
  threads: Health['threads'],
  tiers: Iterable<{ readonly name: string; readonly up: boolean }>,
): Health {
  const state = closed ? 'closed' : draining ? 'draining' : 'open';
  const isUp = threads.wanted === 0 || threads.up > 0;
  const named = Array.from(tiers, ({ name, up }) => [name, { up }] as const);
  return {
    ready: state === 'open' && isUp && hasRoom,
    state,
    threads,
    tiers: Object.fromEntries(named),
    queued,
  };
}
