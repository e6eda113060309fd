/**
 * Something throws in the midst of a step of the coordinator: memory is short, a message cannot be
 * sent, a program's own code is called. What was asked for fails, or goes on; nothing else does.
 */

import { EventEmitter } from 'node:events';
import { MessageChannel, MessagePort } from 'node:worker_threads';
import { ThreadError } from 'threadmemo';
import { expect, onTestFinished, test, vi } from 'vitest';
import { onAbort } from '../../src/call/abort.ts';
import type { Channel } from '../../src/call/channel.ts';
import { portChannel } from '../../src/call/channel.ts';
import { Flight, Lease } from '../../src/coordinator/flight.ts';
import { FunctionRecord } from '../../src/coordinator/function-record.ts';
import { Slices } from '../../src/coordinator/slices.ts';
import { ChurnMap } from '../../src/order/churn-map.ts';
import { Inbox } from '../../src/pool/inbox.ts';
import { ThreadPeer } from '../../src/pool/thread-peer.ts';
import { CELLS, type ToCoordinator } from '../../src/protocol.ts';
import { FakeClock } from '../fake-clock.ts';
import { countOf, textOf } from '../fixtures/many-arguments.ts';
import { plus } from '../fixtures/stack-rim.ts';
import { open, rejection } from './open.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const refusal = () => new DOMException('could not be cloned', 'DataCloneError');

test('a hundred thousand arguments reach a thread', async () => {
  await open({ threads: 1 });
  const many = Array.from({ length: 100_000 }, (_, n) => n);
  expect(await countOf(...many)).toBe(100_000);
  expect(await countOf('other')).toBe(1);
});

test('of calls that travel together only the one that cannot be sent fails, and the thread goes on', async () => {
  await open({ threads: 1 });
  // From now on they are known to be tiny, and go in batches.
  for (let n = 0; n < 50; n++) await plus(n, 0);
  const post = MessagePort.prototype.postMessage;
  const spy = vi.spyOn(MessagePort.prototype, 'postMessage');
  onTestFinished(() => spy.mockRestore());
  spy.mockImplementation(function (this: MessagePort, message: unknown, ...rest) {
    if (Array.isArray(message) && message.includes(-7777)) throw refusal();
    post.call(this, message, ...rest);
  });
  const outcomes = await Promise.allSettled(
    Array.from({ length: 30 }, (_, n) => plus(n === 15 ? -7777 : 1000 + n, 1)),
  );
  expect(outcomes.map(({ status }) => status).indexOf('rejected')).toBe(15);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
  const error = await rejection(plus(-7777, 2));
  expect(error).toBeInstanceOf(ThreadError);
  expect(error.message).toContain('could not be sent to a thread: could not be cloned');
  expect(await plus(5000, 1)).toBe(5001);
});

/** A thread that is sent what `refuses` does not refuse. */
function threadThat(refuses: (message: unknown) => boolean) {
  const sent: unknown[] = [];
  const post = (message: unknown) => {
    if (refuses(message)) throw refusal();
    sent.push(message);
  };
  const terminate = vi.fn();
  const cells = new SharedArrayBuffer(CELLS * 4);
  return { sent, terminate, peer: new ThreadPeer(1, { post } as Channel, cells, terminate) };
}

const info = { id: 'f', module: 'f.js', max: 1, versioned: false };
const fn = new FunctionRecord(info, 7);
function leaseFor(peer: ThreadPeer, id: number, args: readonly unknown[]): Lease {
  const flight = new Flight(fn, String(id), new ChurnMap());
  flight.args = args;
  return new Lease(id, flight, peer, undefined);
}

test('tasks that could not be sent are not sent with later ones', () => {
  const { sent, peer, terminate } = threadThat((tasks) => JSON.stringify(tasks).includes('bad'));
  const bad = leaseFor(peer, 1, ['bad']);
  peer.prepare(bad);
  expect(() => peer.handOver()).toThrow('could not be cloned');
  expect(peer.takeBack(bad)).toBe(true);
  peer.prepare(leaseFor(peer, 2, ['good']));
  peer.handOver();
  expect(sent.at(-1)).toEqual([2, 2, 7, 1, 'good']);
  expect(terminate).not.toHaveBeenCalled();
});

test('a value that cannot be sent fails its call only, and one that is only looked for is not there', () => {
  const isValue = (message: unknown) => JSON.stringify(message).includes('large');
  const { sent, peer, terminate } = threadThat(isValue);
  peer.post({ type: 'value', call: 3, entry: 1, value: 'large' });
  peer.post({ type: 'found', call: 4, entry: 1, value: 'large' });
  expect(sent).toMatchObject([
    { type: 'failure', call: 3 },
    { type: 'found', call: 4, entry: 0 },
  ]);
  expect(terminate).not.toHaveBeenCalled();
});

test('a thread that has missed a message does not wait for it: it is ended, and is not to blame', () => {
  const { peer, terminate } = threadThat(() => true);
  peer.post({ type: 'lease', call: 3, lease: 1 });
  expect(terminate).toHaveBeenCalledOnce();
  expect(peer.replaced).toBe(true);
});

test('what one waiter throws keeps no other from its answer', () => {
  const clock = new FakeClock();
  const slices = new Slices(clock);
  const answered: number[] = [];
  const over = vi.fn();
  let next = 0;
  const step = () => {
    if (next === 300) return false;
    answered.push(++next);
    if (next === 3 || next === 100) throw new Error(`of ${next}`);
    return true;
  };
  // In a turn of its own, and not where the coordinator is in the midst of something.
  slices.run(step, over);
  expect(() => clock.turn()).toThrow('of 3');
  expect(answered).toHaveLength(100);
  while (!clock.idle) clock.turn();
  expect(answered).toHaveLength(300);
  expect(over).toHaveBeenCalledOnce();
});

test('an abort that throws for one call ends the others', async () => {
  const signal = new EventEmitter();
  const asSignal = Object.assign(signal, { addEventListener: signal.on });
  const ended: string[] = [];
  onAbort(asSignal as unknown as AbortSignal, () => {
    throw new Error('of the first');
  });
  onAbort(asSignal as unknown as AbortSignal, () => ended.push('second'));
  expect(() => signal.emit('abort')).toThrow('of the first');
  await turn();
  expect(ended).toEqual(['second']);
});

test('messages behind one whose handling throws are read', async () => {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const events = new EventEmitter();
  vi.spyOn(port1, 'on').mockImplementation((name, hear) => {
    events.on(name, hear);
    return port1;
  });
  const heard: unknown[] = [];
  new Inbox(portChannel(port1), (message) => {
    heard.push(message);
    if (heard.length === 1) throw new Error('of the first');
  });
  port2.postMessage('second');
  expect(() => events.emit('message', 'first' as unknown as ToCoordinator)).toThrow('of the first');
  await turn();
  expect(heard).toEqual(['first', 'second']);
});

test('a program whose own emitWarning() throws gets that error, and the call is answered', async () => {
  await open({ threads: 1, maxEntrySize: 1000 });
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {
    throw new Error('no warnings here');
  });
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  const uncaught = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  onTestFinished(() => {
    for (const listener of uncaught) process.on('uncaughtException', listener);
  });
  const told = new Promise<Error>((resolve) => process.once('uncaughtException', resolve));
  expect(await textOf(5000)).toHaveLength(5000);
  expect((await told).message).toBe('no warnings here');
});
