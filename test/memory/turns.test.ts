/**
 * Two billion leases later: the numbers that values are known by do not fit 32 bits any more. An object
 * that a caller still has from then must not be given for another key's value, nor a near entry.
 */

import { beforeEach, describe, expect, test } from 'vitest';
import { TURN } from '../../src/arena/lease-numbers.ts';
import { Call } from '../../src/call/call.ts';
import type { Definition } from '../../src/call/registry.ts';
import { Flight, Lease } from '../../src/coordinator/flight.ts';
import { FunctionRecord } from '../../src/coordinator/function-record.ts';
import { Leases } from '../../src/coordinator/leases.ts';
import { Memory } from '../../src/coordinator/memory.ts';
import type { MemoizeOptions } from '../../src/options.ts';
import { ChurnMap } from '../../src/order/churn-map.ts';
import { ThreadPeer } from '../../src/pool/thread-peer.ts';
import { CELLS, type Portable } from '../../src/protocol.ts';
import { Reads } from '../../src/read/reads.ts';
import { encode } from '../../src/values/encode.ts';
import { FakeClock } from '../fake-clock.ts';

const limits = { max: 100, maxSize: 2 ** 24, maxEntrySize: 2 ** 22 };
const info = { id: 'm.js#f', module: 'file:///m.js', max: 100, versioned: true };
const TTL = 1e9;

let clock: FakeClock;
let memory: Memory;
let reads: Reads;
let fn: FunctionRecord;

beforeEach(() => {
  clock = new FakeClock();
  memory = new Memory(limits, clock);
  fn = new FunctionRecord(info, 0);
  reads = new Reads(false, () => {});
  const reading = memory.readers.join();
  if (reading) reads.connect(reading);
  reads.number(info.id, 0);
});

function keep(key: string, value: Portable, id: number): void {
  memory.set(fn, key, { value, ms: 1, ttl: TTL }, id);
}

/** The function, as a thread that reads knows it. */
function definition(values: MemoizeOptions['values']): Definition {
  const argsKey = ([key]: readonly unknown[]) => String(key);
  return { info, options: { values }, argsKey } as unknown as Definition;
}

/** The value that this thread finds by itself. */
function look(f: Definition, key: string): unknown {
  const found = reads.look(new Call(f, [key]), true);
  return found.state === 'hit' ? found.value : found.state;
}

const ID = 5;

describe.each(['small', 'large'])('a %s frozen object', (size) => {
  const text = size === 'small' ? 'x' : 'x'.repeat(2 ** 17);
  const objectOf = (of: string) => encode({ of, text }, 'result');

  test('that is still in use is not taken for the value of a later turn', () => {
    const f = definition('frozen');
    const arrives = (key: string, id: number) => {
      const value = objectOf(key);
      keep(key, value, id);
      return reads.adopt(f, id, value);
    };
    const before = arrives('a', ID);
    expect(look(f, 'a')).toBe(before);
    const after = arrives('b', TURN + ID);
    expect(after).toMatchObject({ of: 'b' });
    expect(look(f, 'b')).toBe(after);
  });
});

test('a frozen object that is read from the arena, and is still in use, is not that of a later turn', () => {
  const f = definition('frozen');
  keep('a', encode({ of: 'a' }, 'result'), ID);
  const before = look(f, 'a');
  expect(before).toEqual({ of: 'a' });
  keep('b', encode({ of: 'b' }, 'result'), TURN + ID);
  expect(look(f, 'b')).toEqual({ of: 'b' });
  expect(before).toEqual({ of: 'a' });
});

test('what a thread remembers of an entry that is gone is not current when its handle and version come again', () => {
  const f = definition('copy');
  keep('a', 'old', ID);
  expect(look(f, 'a')).toBe('old');
  memory.delete(fn, 'a');
  keep('b', 'new', TURN + ID);
  expect(look(f, 'b')).toBe('new');
  expect(look(f, 'a')).toBe('missed');
});

test('a new turn forgets what was there, and counts right; the next entries are kept as before', () => {
  keep('a', 1, TURN - 1);
  keep('b', 2, TURN + 1);
  expect(memory.peek(fn, 'a')).toBeUndefined();
  expect(memory.peek(fn, 'b')).toMatchObject({ id: TURN + 1, value: 2 });
  expect(fn.counters.entries).toBe(1);
  while (!clock.idle) clock.turn();
  expect(memory.size).toBe(1);
  keep('c', 3, TURN + 2);
  expect(memory.get(fn, 'c')).toMatchObject({ id: TURN + 2, value: 3 });
});

test('what was begun in an earlier turn is not kept under a number of this one', () => {
  keep('a', 1, TURN + 1);
  keep('b', 2, TURN - 1);
  expect(memory.peek(fn, 'b')).toBeUndefined();
  expect(fn.counters.notKept.noRoom).toBe(1);
  expect(memory.peek(fn, 'a')).toMatchObject({ value: 1 });
});

describe('the numbers of leases', () => {
  const peer = new ThreadPeer(
    1,
    { post: () => {} } as never,
    new SharedArrayBuffer(CELLS * 4),
    () => {},
  );

  test('never come again, and no two that are held are alike in a cell', () => {
    const leases = new Leases(clock, ID - 1);
    const early = leases.grant(new Flight(fn, 'early', new ChurnMap()), peer);
    expect(early.id).toBe(ID);
    const late = new Leases(clock, 3 * TURN - 2);
    expect([late.newId(), late.newId(), late.newId()]).toEqual([
      3 * TURN - 1,
      3 * TURN + 1,
      3 * TURN + 2,
    ]);
    expect(leases.get(ID)).toBe(early);
    expect(leases.get(TURN + ID)).toBeUndefined();
  });

  test('of a task of any turn decide in their cell who has it', () => {
    const lease = new Lease(7 * TURN + 9, new Flight(fn, 'k', new ChurnMap()), peer, undefined);
    peer.prepare(lease);
    expect(peer.takeBack(lease)).toBe(true);
    expect(peer.takeBack(lease)).toBe(false);
  });
});
