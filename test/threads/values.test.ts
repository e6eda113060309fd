/** A caller changes what another caller gets; a value arrives as something else, or hangs its callers. */

import { ValueError } from 'threadmemo';
import { describe, expect, test } from 'vitest';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import {
  type Making,
  makes,
  makesFrozen,
  seesFrozen,
  spoil,
  spoils,
  weigh,
  weighsMade,
} from '../fixtures/result-kinds.ts';
import { openForAll, rejection } from './open.ts';

openForAll({ threads: 2 });

const whole = { list: [1, 2], map: new Map([['a', { n: 1 }]]), at: new Date(0) };

describe('a copy for each caller', () => {
  test('on the main thread: waiters, later callers, and those who peek', async () => {
    const cell = fresh('copy');
    const [one, other] = await Promise.all([makes('nested', cell), makes('nested', cell)]);
    const later = await makes('nested', cell);
    const peeked = makes.peek('nested', cell);
    expect(new Set([one, other, later, peeked]).size).toBe(4);
    spoil(one);
    for (const each of [other, later, peeked]) expect(each).toEqual(whole);
    spoil(later);
    expect(await makes('nested', cell)).toEqual(whole);
    expect(counted(cell)).toBe(1);
  });

  test('in a thread, also in the one that has computed it', async () => {
    const cell = fresh('copy');
    const { other, later, peeked, apart } = await spoils(cell);
    expect(apart).toBe(4);
    for (const each of [other, later, peeked]) expect(each).toEqual(whole);
    expect(await makes('nested', cell)).toEqual(whole);
    expect(counted(cell)).toBe(1);
  });

  test('the bytes of a Buffer', async () => {
    const cell = fresh('copy');
    const [one, other] = await Promise.all([
      makes('large buffer', cell),
      makes('large buffer', cell),
    ]);
    one.fill(0);
    (await makes('large buffer', cell)).fill(0);
    expect(other.equals(Buffer.alloc(1 << 20, 7))).toBe(true);
    expect((await makes('large buffer', cell)).equals(other)).toBe(true);
  });
});

describe('bytes arrive as what they were, with exactly their own memory', () => {
  const cases = [
    ['small buffer', { name: 'Buffer', length: 3, memory: 3 }],
    ['slice of a buffer', { name: 'Buffer', length: 10, memory: 10 }],
    ['large buffer', { name: 'Buffer', length: 1 << 20, memory: 1 << 20 }],
    ['bytes', { name: 'Uint8Array', length: 3, memory: 3 }],
  ] as const;

  test.each(cases)('%s, to a waiter and to a later caller', async (what, weight) => {
    const cell = fresh('bytes');
    expect(weigh(await makes(what, cell))).toEqual(weight);
    expect(weigh(await makes(what, cell))).toEqual(weight);
    expect(weigh(makes.peek(what, cell))).toEqual(weight);
    expect(await weighsMade(what, cell)).toEqual(weight);
    expect(counted(cell)).toBe(1);
  });

  test.each(cases)('%s, in the thread that computes it', async (what, weight) => {
    const cell = fresh('bytes');
    expect(await weighsMade(what, cell)).toEqual(weight);
    expect(weigh(await makes(what, cell))).toEqual(weight);
    expect(counted(cell)).toBe(1);
  });

  test('a Buffer within an object', async () => {
    const { inner } = await makes('buffer within', fresh('bytes'));
    expect(weigh(inner)).toEqual({ name: 'Buffer', length: 3, memory: 3 });
    expect(inner.toString()).toBe('abc');
  });
});

describe('a result that cannot cross rejects every waiter, and says what it is', () => {
  test.each<[Making, path: string]>([
    ['function', 'result.rows[0].save'],
    ['symbol', 'result'],
    ['instance', 'result[0]'],
    ['promise', 'result.later'],
  ])('%s: %s', async (what, path) => {
    const gate = fresh('uncloneable');
    const [cell, caller] = [fresh('cell'), fresh('caller')];
    const waiting = [makes(what, cell, gate), makes(what, cell, gate)].map(rejection);
    await reaches(cell, 1);
    lift(gate);
    for (const error of await Promise.all(waiting)) {
      expect(error).toBeInstanceOf(ValueError);
      expect(error).toMatchObject({ code: 'ERR_THREADMEMO_VALUE', functionId: makes.id, path });
      expect(error.message).toContain(makes.id);
      expect(error.message).toContain(path);
    }
    expect(counted(cell)).toBe(1);
    expect(makes.has(what, cell, gate)).toBe(false);

    // In a thread, which computes it itself.
    const inThread = await rejection(weighsMade(what as 'bytes', caller));
    expect(inThread).toBeInstanceOf(ValueError);
    expect(inThread).toMatchObject({ functionId: makes.id, path });
  });
});

describe("values: 'frozen'", () => {
  test('one object for all callers of the main thread, frozen through and through', async () => {
    const cell = fresh('frozen');
    const waiters = await Promise.all([makesFrozen('nested', cell), makesFrozen('nested', cell)]);
    const value = await makesFrozen('nested', cell);
    expect(new Set([...waiters, value, makesFrozen.peek('nested', cell)]).size).toBe(1);
    expect(value).toEqual(whole);
    expect(() => value.list.push(3)).toThrow(TypeError);
    expect(() => spoil({ ...value, list: [] })).toThrow(TypeError);
    expect(() => value.map.set('b', { n: 2 })).toThrow(/frozen/);
    expect(() => value.at.setFullYear(1999)).toThrow(/frozen/);
    expect(value).toEqual(whole);
  });

  test('one object for all callers of a thread, computed there', async () => {
    const cell = fresh('frozen');
    expect(await seesFrozen(cell)).toEqual({ objects: 1, frozen: true });
    expect(await makesFrozen('nested', cell)).toEqual(whole);
    expect(counted(cell)).toBe(1);
  });

  test('one object for all callers of a thread, computed elsewhere', async () => {
    const cell = fresh('frozen');
    await makesFrozen('nested', cell);
    expect(await seesFrozen(cell)).toEqual({ objects: 1, frozen: true });
    expect(counted(cell)).toBe(1);
  });

  test('another object for another value', async () => {
    const cell = fresh('frozen');
    const old = await makesFrozen('nested', cell);
    await makesFrozen.invalidate('nested', cell);
    expect(await makesFrozen('nested', cell)).not.toBe(old);
    expect(counted(cell)).toBe(2);
  });
});
