/** What a thread says: each message, turned into what the coordinator does about it. */

import type { Completed, ToCoordinator, WaitMode } from '../protocol.ts';
import { arrived } from '../values/shared-memory.ts';
import type { Coordinator } from './coordinator.ts';
import type { Answer, Lease, Peer, Waiter } from './flight.ts';
import type { FunctionRecord } from './function-record.ts';

/** A message of a thread that has died is late, and is dropped. */
export function receive(coordinator: Coordinator, peer: Peer, message: ToCoordinator): void {
  if (peer.gone) return;
  if (isCompleted(message)) {
    const [lease, value, ms, ttl] = message;
    arrived(value);
    return coordinator.settle({ type: 'complete', lease, value, ms, ttl });
  }
  switch (message.type) {
    case 'define':
      return peer.tellOf(coordinator.define(message.fn));
    case 'claim':
      return claim(coordinator, peer, message);
    case 'leave':
      return leave(coordinator, peer, message.call);
    case 'fail':
      return coordinator.settle(message);
    case 'stay':
    case 'bye':
      // Matters of its own life, see `threads.ts` and `attached.ts`.
      return;
    case 'decline':
      return coordinator.unfinished.decline(message.lease, message.args);
    case 'invalidate':
      return done(
        peer,
        message.call,
        coordinator.invalidate.one(known(coordinator, message.fn), message.key),
      );
    case 'clear':
      return done(peer, message.call, coordinator.invalidate.allOf(known(coordinator, message.fn)));
    case 'peek':
      return peek(coordinator, peer, message);
    case 'stats': {
      const stats = coordinator.statsOf(known(coordinator, message.fn));
      return peer.post({ type: 'counted', call: message.call, stats });
    }
    default:
      throw new Error(`unknown message: ${JSON.stringify(message satisfies never)}`);
  }
}

function isCompleted(message: ToCoordinator): message is Completed {
  return Array.isArray(message);
}

type Named = Exclude<ToCoordinator, Completed>;
type Of<Type extends Named['type']> = Extract<ToCoordinator, { type: Type }>;

function claim(
  coordinator: Coordinator,
  peer: Peer,
  { call, fn, key, parent, refresh, mode, args, handled }: Of<'claim'>,
) {
  const from = parent === undefined ? undefined : coordinator.leases.get(parent);
  from?.makesCalls();
  const record = known(coordinator, fn);
  const entry = refresh ? undefined : coordinator.hit(record, key);
  if (entry) return peer.post({ type: 'value', call, entry: entry.id, value: entry.value });
  const waiter = new RemoteCall(peer, call, mode, from);
  peer.calls.set(call, waiter);
  if (handled !== undefined) coordinator.unfinished.block(waiter, handled);
  const snapshot = args && { snapshot: () => args };
  coordinator.want({ fn: record, key, waiter, refresh, ...snapshot });
}

function leave(coordinator: Coordinator, peer: Peer, call: number): void {
  const waiter = peer.calls.get(call);
  peer.calls.delete(call);
  if (waiter) {
    peer.blocking.delete(waiter);
    coordinator.leave(waiter);
  }
  peer.post({ type: 'done', call });
}

function peek(coordinator: Coordinator, peer: Peer, { call, fn, key }: Of<'peek'>): void {
  const entry = coordinator.peek(known(coordinator, fn), key);
  peer.post({ type: 'found', call, entry: entry?.id ?? 0, value: entry?.value });
}

function done(peer: Peer, call: number, finished: Promise<void>): void {
  void finished.then(() => peer.post({ type: 'done', call }));
}

function known(coordinator: Coordinator, id: string): FunctionRecord {
  const fn = coordinator.functions.get(id);
  if (!fn) throw new Error(`a thread used ${id} before it defined it`);
  return fn;
}

/** A call in a worker thread, as a waiter. */
class RemoteCall implements Waiter {
  readonly peer: Peer;
  readonly mode: WaitMode;
  parent: Lease | undefined;
  flight: Waiter['flight'] = undefined;
  place = 0;
  readonly #call: number;

  constructor(peer: Peer, call: number, mode: WaitMode, parent: Lease | undefined) {
    this.peer = peer;
    this.#call = call;
    this.mode = mode;
    this.parent = parent;
  }

  deliver(answer: Answer): void {
    const call = this.#call;
    this.#end();
    if (answer.state === 'failure') this.peer.post({ type: 'failure', call, error: answer.error });
    else this.peer.post({ type: 'value', call, entry: answer.entry, value: answer.value });
  }

  ledItself(): void {
    this.#end();
  }

  lead(lease: number): void {
    this.#unblock();
    this.peer.post({ type: 'lease', call: this.#call, lease });
  }

  #end(): void {
    this.peer.calls.delete(this.#call);
    this.#unblock();
  }

  #unblock(): void {
    if (this.peer.blocking.delete(this)) this.peer.canTakeMore();
  }
}
