/**
 * What the page sees of a pool, and does to it, beside what every user can: kept beside the pool, and not a
 * part of its public interface. Nothing here runs, or is kept, before it is asked.
 */

import { argsKeyOf, keyOf } from '../call/registry.ts';
import type { Coordinator } from '../coordinator/coordinator.ts';
import type { FunctionRecord } from '../coordinator/function-record.ts';
import { threadStateOf, type UnderwayFlight } from '../coordinator/inspect.ts';
import type { ThreadInspection } from '../coordinator/inspection.ts';
import type { LocalSide } from './local-side.ts';
import type { ThreadPeer } from './thread-peer.ts';

export type ThreadSeen = Pick<ThreadInspection, 'threadId' | 'state'>;

export interface PoolView {
  threads(): ThreadSeen[];
  /** At most so many flights, those that threads have first. */
  underway(most: number): UnderwayFlight[];
  /** Forgets all of a function; `undefined` when there is none of this id. */
  clear(functionId: string): Promise<void> | undefined;
  /** Forgets one entry, whose key is as `f.key(...args)` returns it; `undefined` for no key of a function. */
  invalidate(key: string): Promise<void> | undefined;
  /** Makes it stale; likewise. */
  expire(key: string): Promise<void> | undefined;
  /** @returns what takes the listener away */
  onClose(listener: () => void): () => void;
}

interface Seen {
  readonly coordinator: Coordinator;
  readonly local: LocalSide;
  peers(): readonly ThreadPeer[];
}

const views = new WeakMap<object, OpenView>();

/** A pool can be seen from now on. @returns what is called when it begins to close */
export function offerView(pool: object, seen: Seen): () => void {
  const view = new OpenView(seen);
  views.set(pool, view);
  return () => view.close();
}

/** `undefined` for what is no pool. */
export function viewOf(pool: unknown): PoolView | undefined {
  return typeof pool === 'object' && pool !== null ? views.get(pool) : undefined;
}

class OpenView implements PoolView {
  readonly #seen: Seen;
  readonly #listeners = new Set<() => void>();

  constructor(seen: Seen) {
    this.#seen = seen;
  }

  threads(): ThreadSeen[] {
    return this.#seen
      .peers()
      .map((peer) => ({ threadId: peer.threadId, state: threadStateOf(peer) }));
  }

  underway(most: number): UnderwayFlight[] {
    const { local, coordinator } = this.#seen;
    return local.step(() => coordinator.underway(most));
  }

  clear(functionId: string): Promise<void> | undefined {
    const { local, coordinator } = this.#seen;
    const fn = coordinator.functions.get(functionId);
    return fn && local.step(() => coordinator.invalidate(fn));
  }

  invalidate(key: string): Promise<void> | undefined {
    const { coordinator } = this.#seen;
    return this.#withKey(key, (fn, argsKey) => coordinator.invalidate(fn, argsKey));
  }

  expire(key: string): Promise<void> | undefined {
    const { coordinator } = this.#seen;
    return this.#withKey(key, (fn, argsKey) => coordinator.expire(fn, argsKey));
  }

  onClose(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    for (const listener of [...this.#listeners]) listener();
    this.#listeners.clear();
  }

  #withKey(
    key: string,
    run: (fn: FunctionRecord, argsKey: string) => Promise<void>,
  ): Promise<void> | undefined {
    for (const fn of this.#seen.coordinator.functions.values()) {
      const { id } = fn.info;
      const argsKey = argsKeyOf(id, key);
      if (keyOf(id, argsKey) === key) return this.#seen.local.step(() => run(fn, argsKey));
    }
    return undefined;
  }
}
