/**
 * A thread that blocks reads all that has arrived at once: that it may compute something, and behind
 * it that nothing waits for that any more. The computation begins all the same, calls another
 * function, and blocks for an answer that it is not given, because it was told to stop.
 */

import { memoize } from 'threadmemo';
import { expect, test } from 'vitest';
import { Call } from '../../src/call/call.ts';
import type { Channel } from '../../src/call/channel.ts';
import { type Definition, definitionOf } from '../../src/call/registry.ts';
import type { ToCoordinator, ToThread } from '../../src/protocol.ts';
import { Mailbox } from '../../src/worker/mailbox.ts';
import type { Presence } from '../../src/worker/presence.ts';
import { ThreadSide } from '../../src/worker/thread-side.ts';
import { World } from '../model/world.ts';

function sideOf(channel: Channel): ThreadSide {
  const nothing = () => {};
  const presence: Presence = {
    ...{ on: true, serve: nothing, heard: nothing, opened: nothing, ended: nothing },
    ...{ lookAgain: nothing, rest: nothing, closed: nothing },
  };
  const mailbox = new Mailbox(channel);
  return new ThreadSide({ kind: 'pool', mailbox, presence, isClosed: () => false, end: nothing });
}

const LEASE = 7;

test('the thread ends the call when it is told again', () => {
  const arrived: ToThread[] = [];
  const sent: ToCoordinator[] = [];
  const answer = (message: ToCoordinator): ToThread[] => {
    if (!('type' in message) || message.type !== 'claim') return [];
    const cancel: ToThread = { type: 'cancel', lease: LEASE };
    const lease: ToThread = { type: 'lease', call: message.call, lease: LEASE };
    return message.parent === LEASE ? [cancel] : [lease, cancel];
  };
  const channel: Channel = {
    post(message) {
      sent.push(message as ToCoordinator);
      arrived.push(...answer(message as ToCoordinator));
    },
    take: () => (arrived.length > 0 ? { message: arrived.shift() } : undefined),
    ...{ listen() {}, hold() {}, close() {} },
  };
  const side = sideOf(channel);
  let reason: unknown;
  const inner = define('inner', () => 'never computed');
  const outer = define('outer', () => {
    try {
      return side.sync(new Call(inner, []));
    } catch (error) {
      reason = error;
      throw error;
    }
  });
  expect(() => side.sync(new Call(outer, []))).toThrow();
  expect(reason).toMatchObject({ name: 'AbortError' });
  expect(sent.map((message) => 'type' in message && message.type)).toContain('leave');
});

test('the coordinator tells it again at each call', () => {
  const world = new World({ withTier: false });
  const [peer] = world.peers;
  if (!peer) throw new Error('the world has no thread');
  world.claim(peer, 'lead', 'f', '1', 0, false);
  world.read(peer);
  const [running] = [...world.running.values()];
  const [caller] = world.callers;
  if (!running || !caller) throw new Error('nothing runs');
  world.say(peer, { type: 'leave', call: caller.call });
  const told = () =>
    peer.inbox.filter(
      (each) => 'type' in each && each.type === 'cancel' && each.lease === running.lease,
    );
  expect(told()).toHaveLength(1);
  world.say(peer, {
    type: 'claim',
    call: 99,
    fn: 'f',
    key: '2',
    parent: running.lease,
    refresh: false,
    mode: 'lead',
  });
  expect(told()).toHaveLength(2);
});

function define(name: string, fn: () => unknown): Definition {
  const { id } = memoize(import.meta.url, fn, { name });
  return definitionOf(id) as Definition;
}
