/**
 * Threads that somebody else has started, and that share the cache; see `belonging.ts` for how one
 * learns of it. It says hello when a memoized function is first called in it, and is known from then
 * on. It is never handed a task, and never ended here.
 *
 * We may not be seen by those who own it: no message goes over its `parentPort`, where a pool would
 * take it for one of its own, and an error that it ends with is only looked at.
 */

import { errorMonitor } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { attach, channelOf, detach, sharesMemory } from '../belonging.ts';
import { ThreadError } from '../errors.ts';
import { type Line, overChannel } from '../line.ts';
import type { Joined, ToCoordinator } from '../protocol.ts';
import { ThreadPeer } from './thread-peer.ts';
import { MOST_AT_ONCE, type PeerEvents } from './threads.ts';

interface Guest {
  readonly threadId: number;
  readonly session: number;
  readonly line: Line;
  readonly attached: Promise<void>;
  /** From its hello on. */
  peer: ThreadPeer | undefined;
}

type Said = Joined | ToCoordinator;

export class Attached {
  readonly #events: PeerEvents;
  readonly #guests = new Map<Worker, Guest>();
  #isClosed = false;

  constructor(events: PeerEvents) {
    this.#events = events;
  }

  /** Those that use the cache. */
  get count(): number {
    return [...this.#guests.values()].filter(({ peer }) => peer).length;
  }

  /** One of the pool's own has a side, and never looks whether it was attached. @throws {ThreadError} */
  attach(worker: Worker): Promise<void> {
    return (this.#guests.get(worker) ?? this.#admit(worker)).attached;
  }

  /** Those that have joined are told; a line stays open until its thread has nothing open. */
  close(): void {
    this.#isClosed = true;
    for (const [worker, { threadId, session, peer }] of this.#guests) {
      if (!detach(threadId, session)) this.#forget(worker);
      else peer?.post({ type: 'closed' });
    }
  }

  #admit(worker: Worker): Guest {
    const { threadId } = worker;
    if (threadId < 0) throw new ThreadError('the worker has exited: there is nothing to attach');
    const session = attach(threadId);
    if (session === undefined) throw new ThreadError(HAS_ITS_OWN);
    const line = overChannel(channelOf(session));
    const attached = this.#check(worker);
    const guest: Guest = { threadId, session, line, attached, peer: undefined };
    this.#guests.set(worker, guest);
    line.listen((said) => this.#receive(worker, guest, said as Said));
    let cause: unknown;
    // Only looks: an 'error' that nobody else listens for shall end the process as ever.
    worker.once(errorMonitor, (error) => {
      cause = error;
    });
    worker.once('exit', (code) => this.#exited(worker, guest, code, cause));
    return guest;
  }

  async #check(worker: Worker): Promise<void> {
    if (await sharesMemory(worker)) return;
    this.#forget(worker);
    throw new ThreadError(IS_TOO_OLD);
  }

  /** Reads on what is there already: an event for each message costs more than what it says. */
  #receive(worker: Worker, guest: Guest, first: Said): void {
    this.#hear(worker, guest, first);
    for (let left = MOST_AT_ONCE; left > 0; left--) {
      const next = guest.line.take();
      if (!next) break;
      this.#hear(worker, guest, next.message as Said);
    }
  }

  #hear(worker: Worker, guest: Guest, said: Said): void {
    if ('type' in said && said.type === 'threadmemo:hello') return this.#arrived(guest, said);
    if ('type' in said && said.type === 'bye') return this.#forget(worker);
    if (guest.peer) this.#events.received(guest.peer, said);
  }

  #arrived(guest: Guest, { cells }: Joined): void {
    // What it computes is its owner's matter, and so is whether it goes on.
    const peer = new ThreadPeer(guest.threadId, guest.line, cells, () => {});
    guest.peer = peer;
    if (this.#isClosed) peer.post({ type: 'closed' });
    else this.#events.arrived(peer);
  }

  /** An owner who ends a thread says nothing about what it computed. */
  #exited(worker: Worker, guest: Guest, code: number, cause: unknown): void {
    if (this.#guests.get(worker) !== guest) return;
    for (let said = guest.line.take(); said; said = guest.line.take())
      this.#hear(worker, guest, said.message as Said);
    const { peer } = guest;
    this.#forget(worker);
    if (!peer) return;
    peer.replaced ||= cause === undefined;
    this.#events.died(peer, cause ?? new Error(`the thread exited with code ${code}`));
  }

  #forget(worker: Worker): void {
    const guest = this.#guests.get(worker);
    if (!guest || !this.#guests.delete(worker)) return;
    detach(guest.threadId, guest.session);
    guest.line.close();
  }
}

const HAS_ITS_OWN =
  'the worker uses another cache: a memoized function was called there before it was attached, or ' +
  'createPool(). Attach a worker right after it was started, or close() its own pool first.';

const IS_TOO_OLD =
  'the worker was started before threadmemo was loaded in this thread, and cannot be told where ' +
  'the cache is: import threadmemo first, and start the worker then';
