/** What a thread says: each message, turned into what the coordinator does about it. */

import type { Completed, ToCoordinator } from '../protocol.ts';
import type { Coordinator } from './coordinator.ts';
import type { FunctionRecord } from './entry.ts';
import type { Answer, Peer, Waiter } from './flight.ts';

/** A message of a thread that has died is late, and is dropped. */
export function receive(coordinator: Coordinator, peer: Peer, message: ToCoordinator): void {
  if (peer.gone) return;
  if (isCompleted(message)) {
    const [lease, value, ms, ttl] = message;
    return coordinator.settle({ type: 'complete', lease, value, ms, ttl });
  }
  switch (message.type) {
    case 'define':
      coordinator.define(message.fn);
      return;
    case 'claim':
      return claim(coordinator, peer, message);
    case 'leave':
      return leave(coordinator, peer, message.call);
    case 'fail':
      return coordinator.settle(message);
    case 'decline':
      return coordinator.decline(message.lease);
    case 'invalidate':
      return done(
        peer,
        message.call,
        coordinator.invalidate(known(coordinator, message.fn), message.key),
      );
    case 'clear':
      return done(peer, message.call, coordinator.clear(known(coordinator, message.fn)));
    case 'peek':
      return peek(coordinator, peer, message);
    case 'stats': {
      const stats = known(coordinator, message.fn).counters.snapshot();
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
  { call, fn, key, parent, refresh }: Of<'claim'>,
) {
  const from = parent === undefined ? undefined : coordinator.leases.get(parent);
  from?.flight.fn.makesCalls();
  const entry = refresh ? undefined : coordinator.hit(key);
  if (entry) return peer.post({ type: 'value', call, entry: entry.id, value: entry.value });
  const waiter = remoteWaiter(peer, call);
  waiter.parent = from;
  peer.calls.set(call, waiter);
  coordinator.want({ fn: known(coordinator, fn), key, waiter, refresh });
}

function leave(coordinator: Coordinator, peer: Peer, call: number): void {
  const waiter = peer.calls.get(call);
  peer.calls.delete(call);
  if (waiter) coordinator.leave(waiter);
  peer.post({ type: 'done', call });
}

function peek(coordinator: Coordinator, peer: Peer, { call, key }: Of<'peek'>): void {
  const entry = coordinator.peek(key);
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

function remoteWaiter(peer: Peer, call: number): Waiter {
  return {
    peer,
    parent: undefined,
    flight: undefined,
    place: 0,
    deliver(answer: Answer) {
      peer.calls.delete(call);
      if (answer.state === 'failure') peer.post({ type: 'failure', call, error: answer.error });
      else peer.post({ type: 'value', call, entry: answer.entry, value: answer.value });
    },
    ledItself: () => void peer.calls.delete(call),
    lead: (lease) => peer.post({ type: 'lease', call, lease }),
  };
}
