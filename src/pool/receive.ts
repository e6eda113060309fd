/** What a thread says: each message, turned into what the coordinator does about it. */

import type { Coordinator } from '../coordinator/coordinator.ts';
import {
  type Answer,
  failure,
  type Lease,
  type Peer,
  type StaleAnswer,
  type Waiter,
} from '../coordinator/flight.ts';
import type { FunctionRecord } from '../coordinator/function-record.ts';
import type { Peeked } from '../coordinator/memory.ts';
import { notePart } from '../coordinator/parts.ts';
import type { BegunClaim, Completed, ToCoordinator, TraceContext, WaitMode } from '../protocol.ts';
import { arrived } from '../values/shared-memory.ts';
import { encodeThrown } from '../values/thrown.ts';

/** A message of a thread that has died is late, and is dropped. */
export function receive(coordinator: Coordinator, peer: Peer, message: ToCoordinator): void {
  if (peer.gone) return;
  if (isCompleted(message)) {
    const [lease, value, ms, ttl, stretch = 0, details] = message;
    arrived(value);
    return coordinator.settle({ type: 'complete', lease, value, ms, ttl, stretch, details });
  }
  switch (message.type) {
    case 'define':
      return define(coordinator, peer, message);
    case 'read':
      for (const { value } of message.keep) arrived(value);
      return coordinator.wasRead(known(coordinator, message.fn), message);
    case 'claim':
      arrived(message.args);
      return claim(coordinator, peer, message);
    case 'refresh':
      arrived(message.args);
      return coordinator.refresh(known(coordinator, message.fn), message.key, message.args);
    case 'leave':
      return leave(coordinator, peer, message.call);
    case 'fail':
      return coordinator.settle(message);
    case 'began':
      return coordinator.began(message.lease);
    case 'await':
      return coordinator.await(message.leases);
    case 'stay':
    case 'output':
    case 'ended':
    case 'bye':
      // Matters of its own life, see `threads.ts` and `attached.ts`.
      return;
    case 'decline':
      arrived(message.args);
      return coordinator.decline(message.lease, message.args);
    case 'invalidate':
      return done(
        peer,
        message.call,
        coordinator.invalidate(known(coordinator, message.fn), message.key),
      );
    case 'expire':
      return done(
        peer,
        message.call,
        coordinator.expire(known(coordinator, message.fn), message.key),
      );
    case 'clear':
      return done(peer, message.call, coordinator.invalidate(known(coordinator, message.fn)));
    case 'invalidateTags':
      return done(peer, message.call, coordinator.invalidateTags(message.marks));
    case 'expireTags':
      return done(peer, message.call, coordinator.expireTags(message.marks));
    case 'set':
      arrived(message.computed.value);
      return done(
        peer,
        message.call,
        coordinator.set(known(coordinator, message.fn), message.key, message.computed),
      );
    case 'peek':
      return peek(coordinator, peer, message);
    case 'counts':
      return coordinator.countedIn(message.slot, message.fn, message.memory);
    case 'explain':
      return explain(coordinator, peer, message);
    case 'asked':
      arrived(message.args);
      return coordinator.asked(known(coordinator, message.fn), message.key, message.args);
    case 'measured':
      return known(coordinator, message.fn).costs.add(message.sample);
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

/** A function that calls are made of in the thread. */
function define(coordinator: Coordinator, peer: Peer, { fn: info }: Of<'define'>): void {
  const fn = coordinator.define(info);
  peer.tellOf(fn);
  coordinator.readable(fn, (tierId, tier) => {
    if (!peer.gone) peer.post({ type: 'readable', fn: info.id, tierId, tier });
  });
}

/**
 * Of a thread's messages that are unread: applies the claims of what it has begun. Their order among
 * the others does not matter: none is about the same call, and a claim of the same key or lease that comes
 * before is one that was not begun.
 */
export function readAhead(coordinator: Coordinator, peer: Peer, unread: readonly ToCoordinator[]) {
  if (peer.gone) return;
  for (const message of unread) {
    if (isCompleted(message) || message.type !== 'claim' || !message.begun) continue;
    const { fn, key, begun, call } = message;
    const { number } = known(coordinator, fn);
    if (!coordinator.begun?.hasBegun(number, key, begun)) continue;
    peer.appliedAhead(call);
    begin(coordinator, peer, message, begun);
  }
}

/** Numbers that a thread has at most for what it begins without asking. */
const MOST_NUMBERS = 256;

/** Where it may: so its first claim is never begun. */
function giveNumbers(coordinator: Coordinator, peer: Peer): void {
  if (!coordinator.begun || peer.numbers > MOST_NUMBERS / 2) return;
  const numbers = coordinator.reserve(peer, MOST_NUMBERS - peer.numbers);
  peer.hasNumbers(numbers.count);
  peer.post({ type: 'numbers', ...numbers });
}

/** The thread computes it already. What it is to forget, or has otherwise, it may compute in vain. */
function begin(
  coordinator: Coordinator,
  peer: Peer,
  message: Of<'claim'>,
  begun: BegunClaim,
): void {
  const { fn, key, parent, priority, call } = message;
  const { lease } = begun;
  peer.hasNumbers(-1);
  const from = parent === undefined ? undefined : coordinator.computation(parent);
  const record = known(coordinator, fn);
  const waiter = new RemoteCall(peer, message, from);
  const stop = () => peer.post({ type: 'cancel', lease });
  try {
    if (from && from.cancelled !== 'no') {
      peer.post({ type: 'cancel', lease: from.id });
      return stop();
    }
    from?.makesCalls();
    const entry = coordinator.hit(record, key, undefined, from);
    if (entry) {
      peer.post({ type: 'value', call, entry: entry.id, value: entry.value });
      return stop();
    }
    peer.asks(call, waiter);
    const want = { fn: record, key, args: undefined, waiter, refresh: false, priority };
    coordinator.begin(want, lease);
  } catch (error) {
    coordinator.leave(waiter);
    waiter.deliver(failure(error));
    stop();
  } finally {
    coordinator.begun?.settle(record.number, key, begun);
  }
}

function claim(coordinator: Coordinator, peer: Peer, message: Of<'claim'>): void {
  giveNumbers(coordinator, peer);
  const { call, fn, key, parent, refresh, maxAge, isRefresh, priority } = message;
  const { args, handled, begun } = message;
  if (begun) {
    if (peer.wasAppliedAhead(call)) return;
    if (coordinator.begun?.decide(known(coordinator, fn).number, key, begun))
      return begin(coordinator, peer, message, begun);
  }
  const from = parent === undefined ? undefined : coordinator.computation(parent);
  // The thread ends the call when it reads that the computation was abandoned. It is told again: what
  // it read before the computation had begun has stopped nothing.
  if (from && from.cancelled !== 'no') return peer.post({ type: 'cancel', lease: from.id });
  from?.makesCalls();
  const record = known(coordinator, fn);
  coordinator.calledInThread(record);
  const waiter = new RemoteCall(peer, message, from);
  if (isRefresh) {
    peer.asks(call, waiter);
    return coordinator.refreshBy(waiter, record, key);
  }
  try {
    const entry = refresh ? undefined : coordinator.hit(record, key, maxAge, from);
    if (entry) {
      const due = coordinator.isStale(entry) && { isDue: true };
      return peer.post({ type: 'value', call, entry: entry.id, value: entry.value, ...due });
    }
    peer.asks(call, waiter);
    if (handled !== undefined) coordinator.block(waiter, handled);
    coordinator.want({ fn: record, key, args, waiter, refresh, maxAge, priority });
  } catch (error) {
    // Memory may be short. Its thread may be blocked by the call.
    coordinator.leave(waiter);
    waiter.deliver(failure(error));
  }
}

function leave(coordinator: Coordinator, peer: Peer, call: number): void {
  const waiter = peer.calls.get(call);
  peer.asksNoMore(call);
  if (waiter) {
    peer.unblocks(waiter);
    coordinator.leave(waiter);
  }
  peer.post({ type: 'done', call });
}

function peek(coordinator: Coordinator, peer: Peer, message: Of<'peek'>): void {
  const { call, fn, key, parent } = message;
  const from = parent === undefined ? undefined : coordinator.computation(parent);
  let entry: Peeked | undefined;
  try {
    entry = coordinator.peek(known(coordinator, fn), key, from);
  } finally {
    peer.post({ type: 'found', call, entry: entry?.id ?? 0, value: entry?.value });
  }
}

function explain(coordinator: Coordinator, peer: Peer, message: Of<'explain'>): void {
  const { call, fn, key, args } = message;
  arrived(args);
  void coordinator
    .explain(known(coordinator, fn), key, args)
    .then((explanation) => peer.post({ type: 'explained', call, explanation }));
}

function done(peer: Peer, call: number, finished: Promise<void>): void {
  finished.then(
    () => peer.post({ type: 'done', call }),
    (error) => peer.post({ type: 'done', call, error: encodeThrown(error) }),
  );
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
  asked = 0;
  takesStale: StaleAnswer = 'no';
  readonly context: TraceContext | undefined;
  ledBy: TraceContext | undefined;
  readonly #call: number;

  constructor(peer: Peer, { call, mode, context }: Of<'claim'>, parent: Lease | undefined) {
    this.peer = peer;
    this.#call = call;
    this.mode = mode;
    this.context = context;
    this.parent = parent;
  }

  deliver(answer: Answer): void {
    notePart(this.parent, answer.part);
    const call = this.#call;
    this.#end();
    const leader = this.context && this.ledBy && { leader: this.ledBy };
    if (answer.state === 'failure')
      return this.peer.post({ type: 'failure', call, error: answer.error, ...leader });
    const { entry, value, isDue = false } = answer;
    this.peer.post({ type: 'value', call, entry, value, ...(isDue && { isDue }), ...leader });
  }

  ledItself(): void {
    this.#end();
  }

  lead(lease: number): void {
    this.#unblock();
    const hasStale = this.takesStale !== 'no' && { hasStale: true };
    this.peer.post({ type: 'lease', call: this.#call, lease, ...hasStale });
  }

  /**
   * The thread ends the call when it reads `cancel`. It says nothing about that if it had computed
   * the value before; but a thread that is blocked by the call says that it is not any more.
   */
  forsaken(): void {
    if (!this.peer.blocking.has(this)) this.peer.asksNoMore(this.#call);
  }

  #end(): void {
    this.peer.asksNoMore(this.#call);
    this.#unblock();
  }

  #unblock(): void {
    if (this.peer.unblocks(this)) this.peer.canTakeMore();
  }
}
