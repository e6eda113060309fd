/**
 * Computations that were told to stop, and which of them cost their thread.
 *
 * One that goes on for a second after it was told is *overdue*. Its thread is replaced
 * - at once, if nothing else in it is wanted;
 * - otherwise if the thread reads no messages. What waits there could never go on, so it starts again
 *   elsewhere, and this death does not count as one of its attempts.
 * A thread that reads its messages keeps what is wanted there, for as long as an abandoned computation
 * may go on awaiting beside it. It is told again every second, since it may stop reading later.
 *
 * A thread that reads nothing may be busy with what is wanted. That is known of code that has not
 * awaited anything since its function was called, and such a thread is left alone. After an `await`
 * the thread cannot tell whose code goes on. So wanted code that occupies its thread for seconds then,
 * with an overdue computation beside it, is started again by mistake; each time it was, its next
 * thread is allowed to be silent for twice as long, so it gets to its end.
 */

import { inCell } from '../arena/lease-numbers.ts';
import type { Clock } from '../clock.ts';
import type { Encoded } from '../protocol.ts';
import type { Lease, Peer } from './flight.ts';

/** Milliseconds that an abandoned computation has to stop by itself; and between two looks. */
const GRACE = 1000;

/** The abandoned computations of one thread. */
interface Abandoned {
  readonly told: Set<Lease>;
  readonly overdue: Set<Lease>;
  isWatched: boolean;
}

/** What a look at a thread has found. */
interface Look {
  /** The thread was sent so many messages by then, or by an earlier look if it was silent since. */
  readonly mail: number;
  /** Looks in a row at which it had not read them. */
  readonly silent: number;
}

export class Stopping {
  readonly #clock: Clock;
  readonly #overruns: (lease: Lease) => void;
  readonly #threads = new Map<Peer, Abandoned>();

  /** @param overruns told of what took too long, and goes on in a thread that is kept */
  constructor(clock: Clock, overruns: (lease: Lease) => void) {
    this.#clock = clock;
    this.#overruns = overruns;
  }

  /** @param reason why, if it is not that no caller waits any more */
  tell(lease: Lease, reason?: Encoded): void {
    const { peer } = lease;
    lease.cancelled = 'told';
    if (!reason) lease.flight.fn.counters.cancelled++;
    peer.post({ type: 'cancel', lease: lease.id, ...(reason && { reason }) });
    this.#in(peer).told.add(lease);
    const { mail } = peer;
    this.#clock.after(GRACE, () => this.#overdue(lease, mail));
  }

  /** Of any lease: it may have been the last in its thread that was wanted. */
  ended(lease: Lease): void {
    const { peer } = lease;
    const abandoned = this.#threads.get(peer);
    if (!abandoned) return;
    abandoned.told.delete(lease);
    abandoned.overdue.delete(lease);
    if (abandoned.told.size + abandoned.overdue.size === 0) this.#threads.delete(peer);
    else replaceIfUnwanted(peer, abandoned);
  }

  #in(peer: Peer): Abandoned {
    const known = this.#threads.get(peer);
    if (known) return known;
    const made = { told: new Set<Lease>(), overdue: new Set<Lease>(), isWatched: false };
    this.#threads.set(peer, made);
    return made;
  }

  #overdue(lease: Lease, mail: number): void {
    const { peer } = lease;
    const abandoned = this.#threads.get(peer);
    if (!abandoned?.told.delete(lease)) return;
    lease.cancelled = 'overdue';
    abandoned.overdue.add(lease);
    replaceIfUnwanted(peer, abandoned);
    if (lease.timedOut && !peer.replaced) this.#overruns(lease);
    if (abandoned.isWatched) return;
    abandoned.isWatched = true;
    this.#look(peer, abandoned, { mail, silent: 0 });
  }

  #look(peer: Peer, abandoned: Abandoned, { mail, silent }: Look): void {
    const [lease] = abandoned.overdue;
    abandoned.isWatched = lease !== undefined && !peer.gone && !peer.replaced;
    if (!lease || !abandoned.isWatched) return;
    const hasRead = peer.hasRead(mail);
    const isSilent = !hasRead && !isBusyWithWanted(peer);
    if (isSilent && silent >= patienceWith(peer)) return peer.replace();
    if (hasRead) peer.post({ type: 'cancel', lease: lease.id });
    const next = { mail: hasRead ? peer.mail : mail, silent: isSilent ? silent + 1 : 0 };
    this.#clock.after(GRACE, () => this.#look(peer, abandoned, next));
  }
}

function replaceIfUnwanted(peer: Peer, { told, overdue }: Abandoned): void {
  if (overdue.size > 0 && told.size + overdue.size === peer.leases.size) peer.replace();
}

function isBusyWithWanted({ running, leases }: Peer): boolean {
  if (running === 0) return false;
  for (const { id, cancelled } of leases) if (inCell(id) === running) return cancelled === 'no';
  return false;
}

/** One silent look may be the machine's fault: it slept, or had no time for the thread. */
function patienceWith({ leases }: Peer): number {
  let displaced = 0;
  for (const { cancelled, flight } of leases)
    if (cancelled === 'no') displaced = Math.max(displaced, flight.displaced);
  return 2 ** displaced;
}
