/**
 * Threads that other code has started, and that share the cache; see `belonging.ts` for how one
 * learns of it. It says hello when a memoized function is first called in it, and is known from then
 * on. It is never handed a task, and never ended here.
 *
 * We may not be seen by those who own it: no message goes over its `parentPort`, where a pool would
 * take it for one of its own, and an error that it ends with is only looked at.
 */

import { errorMonitor } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { attach, channelName, detach, sharesMemory } from '../call/belonging.ts';
import { type Channel, namedChannel } from '../call/channel.ts';
import { ThreadError } from '../errors.ts';
import type { Joined, ToCoordinator } from '../protocol.ts';
import { Inbox } from './inbox.ts';
import { ThreadPeer } from './thread-peer.ts';
import type { PeerEvents } from './threads.ts';

interface Guest {
  readonly threadId: number;
  readonly session: number;
  readonly channel: Channel;
  readonly attached: Promise<void>;
  /** From its hello on. */
  peer: ThreadPeer | undefined;
  unread: () => readonly ToCoordinator[];
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
  get peers(): ThreadPeer[] {
    return [...this.#guests.values()].flatMap(({ peer }) => peer ?? []);
  }

  /** One of the pool's own has a side, and never looks whether it was attached. @throws {ThreadError} */
  attach(worker: Worker): Promise<void> {
    return (this.#guests.get(worker) ?? this.#admit(worker)).attached;
  }

  /** Those that have joined are told; a channel stays open until its thread has nothing open. */
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
    const channel = namedChannel(channelName(session));
    const attached = this.#check(worker);
    const unread = () => inbox.unread() as readonly ToCoordinator[];
    const guest: Guest = { threadId, session, channel, attached, peer: undefined, unread };
    this.#guests.set(worker, guest);
    const inbox = new Inbox<Said>(channel, (said) => this.#hear(worker, guest, said));
    let cause: unknown;
    // Only looks: an 'error' without another listener shall end the process as ever.
    worker.once(errorMonitor, (error) => {
      cause = error;
    });
    worker.once('exit', (code) => {
      if (this.#guests.get(worker) !== guest) return;
      inbox.drain(() =>
        this.#gone(worker, guest, cause, new Error(`the thread exited with code ${code}`)),
      );
    });
    return guest;
  }

  async #check(worker: Worker): Promise<void> {
    if (await sharesMemory(worker)) return;
    this.#forget(worker);
    throw new ThreadError(IS_TOO_OLD);
  }

  #hear(worker: Worker, guest: Guest, said: Said): void {
    if ('type' in said && said.type === 'threadmemo:hello') return this.#arrived(guest, said);
    if ('type' in said && said.type === 'bye') return this.#forget(worker);
    if (guest.peer) this.#events.received(guest.peer, said);
  }

  #arrived(guest: Guest, { cells }: Joined): void {
    // What it computes is its owner's matter, and so is whether it goes on.
    const peer = new ThreadPeer(guest.threadId, guest.channel, cells);
    guest.peer = peer;
    peer.unread = guest.unread;
    if (this.#isClosed) peer.post({ type: 'closed' });
    else this.#events.arrived(peer);
  }

  /** An owner who ends a thread says nothing about what it computed. */
  #gone(worker: Worker, { peer }: Guest, cause: unknown, exited: Error): void {
    this.#forget(worker);
    if (!peer) return;
    if (cause === undefined) peer.excuse();
    this.#events.died(peer, cause ?? exited);
  }

  #forget(worker: Worker): void {
    const guest = this.#guests.get(worker);
    if (!guest || !this.#guests.delete(worker)) return;
    detach(guest.threadId, guest.session);
    guest.channel.close();
  }
}

const HAS_ITS_OWN =
  'the worker uses another cache: a memoized function was called there before it was attached, or ' +
  'createPool(). Attach a worker right after it was started, or close() its own pool first.';

const IS_TOO_OLD =
  'the worker was started before the first memoize() or createPool() of this thread, and cannot be ' +
  'told where the cache is: open the pool first, and start the worker then';
