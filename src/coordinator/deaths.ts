/**
 * Which computations may have taken their thread down: now, and lately.
 *
 * Usually the thread has sent it. One that exits, or dies of what is uncaught, says in a cell whose
 * code did that, however long ago that was called; a computation that has ended by then has left it
 * behind, and nothing that is in the thread now is to blame. One that runs out of memory or is
 * terminated says nothing more; the cell of what runs tells whose function was called and had not
 * returned. Otherwise whatever was started may have done it, but for what waits for other computations.
 *
 * A computation that calls a key in its own thread dies with it, and is no more to blame than its
 * neighbours. So it starts again, and without a memory it would do so for ever: the inner flight ends
 * with each death, because its only caller has died as well. Hence {@link Deaths}.
 */

import { inCell } from '../arena/lease-numbers.ts';
import { keyOf } from '../call/registry.ts';
import type { Clock } from '../clock.ts';
import { WorkerLostError } from '../errors.ts';
import { OUTSIDE } from '../protocol.ts';
import { importHint } from '../runtime/import-module.ts';
import type { Flight, Lease, Peer } from './flight.ts';
import type { FunctionRecord } from './function-record.ts';

/** Milliseconds since the last death, after which a key is tried as if there had been none. */
const REMEMBERED_FOR = 60_000;
/** Keys that are remembered: of more the oldest are forgotten. */
const MOST = 1000;

export interface Death {
  /** Threads. */
  readonly deaths: number;
  /** Of the last. */
  readonly cause: unknown;
}

/** Keys whose computations have taken threads down lately. */
export class Deaths {
  readonly #clock: Clock;
  /** In the order of the last deaths. */
  readonly #keys = new Map<string, Death & { readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Of many, the last are remembered; the others take no time. */
  addAll(flights: readonly Flight[], cause: unknown): void {
    for (const flight of flights.slice(-MOST)) this.add(flight, cause);
  }

  of(fn: FunctionRecord, key: string): Death | undefined {
    if (this.#keys.size === 0) return undefined;
    const fullKey = keyOf(fn.info.id, key);
    const known = this.#keys.get(fullKey);
    if (!known || this.#clock.now() < known.until) return known;
    this.#keys.delete(fullKey);
    return undefined;
  }

  /** A thread has survived it. */
  forget(flight: Flight): void {
    if (this.#keys.size > 0) this.#keys.delete(flight.fullKey);
  }

  add({ fn, key, fullKey }: Flight, cause: unknown): void {
    fn.hasKilled = true;
    const deaths = (this.of(fn, key)?.deaths ?? 0) + 1;
    this.#keys.delete(fullKey);
    this.#keys.set(fullKey, { deaths, cause, until: this.#clock.now() + REMEMBERED_FOR });
    for (const oldest of this.#keys.keys()) {
      if (this.#keys.size <= MOST) return;
      this.#keys.delete(oldest);
    }
  }
}

/** The tasks that it has not started must have been taken back. */
export function culpritsOf(peer: Peer, cause: unknown): Set<Lease> {
  const { endedBy, running } = peer;
  if (endedBy !== 0 && endedBy !== OUTSIDE) return startedWith(endedBy, peer);
  if (running !== 0)
    return new Set([...startedWith(running, peer)].filter((lease) => !isBlocked(lease)));
  const started = [...peer.leases].filter(isStarted);
  const suspects = started.filter(({ isWaiting }) => !isWaiting);
  // Nothing but computations takes so much memory, and those that wait may go on beside that.
  if (suspects.length === 0 && isOutOfMemory(cause)) return new Set(started);
  return new Set(suspects);
}

/** @param its number, as cells hold it */
function startedWith(its: number, { leases }: Peer): Set<Lease> {
  const found = new Set<Lease>();
  for (const lease of leases) if (inCell(lease.id) === its && isStarted(lease)) found.add(lease);
  return found;
}

/** As far as is known here. */
function isStarted({ leader, peer, mail, comesBack }: Lease): boolean {
  return !comesBack && (!leader || peer.hasRead(mail));
}

/** By a call of its own. */
function isBlocked(lease: Lease): boolean {
  for (const { parent } of lease.peer.blocking) if (parent === lease) return true;
  return false;
}

function isOutOfMemory(cause: unknown): boolean {
  return (cause as { code?: unknown } | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

/** It has taken so many threads down. */
export function workerLost(fn: FunctionRecord, key: string, death: Death): WorkerLostError {
  return lost(fn, key, 'computing', death);
}

/** So many threads have died under it for nothing that it is known to have done. */
export function threadsLost({ fn, key, losses }: Flight, cause: unknown): WorkerLostError {
  return lost(fn, key, 'beside', { deaths: losses, cause });
}

function lost(
  { info: { id } }: FunctionRecord,
  key: string,
  where: string,
  { deaths, cause }: Death,
): WorkerLostError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  const threads = deaths === 1 ? 'thread' : 'threads';
  const message = `${deaths} ${threads} died ${where} ${id}${reason}${importHint(cause)}`;
  return new WorkerLostError(message, { functionId: id, key: keyOf(id, key), cause });
}
