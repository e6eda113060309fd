/** It is a `Map`, whatever comes and goes, also while it is looked through. */

import { expect, test } from 'vitest';
import { ChurnMap } from '../../src/order/churn-map.ts';
import { randomOf } from '../../src/testing/random.ts';

interface Member {
  readonly nth: number;
}

test.each([3, 50, 3000])('as a Map, with about %i members', (members) => {
  const random = randomOf(members);
  const [its, plain] = [new ChurnMap<number, Member>(), new Map<number, Member>()];
  for (let nth = 0; nth < 20_000; nth++) {
    const key = Math.floor(random() * members * 2);
    if (random() < 0.5) {
      const member = { nth };
      its.set(key, member);
      plain.set(key, member);
    } else if (nth % 2 === 0) expect(its.delete(key)).toBe(plain.delete(key));
    else {
      const value = random() < 0.5 ? plain.get(key) : { nth };
      const isIts = value !== undefined && plain.get(key) === value;
      expect(its.deleteOnly(key, value ?? { nth })).toBe(isIts && plain.delete(key));
    }
    expect([its.size, its.has(key)]).toEqual([plain.size, plain.has(key)]);
    expect(its.get(key)?.nth).toBe(plain.get(key)?.nth);
    if (nth % 1000 === 0) expect([...its.values()]).toEqual([...plain.values()]);
    if (nth % 7000 === 6999) {
      its.clear();
      plain.clear();
    }
  }
});

test('what is deleted while it is looked through is left out, and what comes is not', () => {
  const seen = (its: ChurnMap<string, Member> | Map<string, Member>): number[] => {
    for (let nth = 0; nth < 5; nth++) its.set(`${nth}`, { nth });
    const nths: number[] = [];
    for (const { nth } of its.values()) {
      nths.push(nth);
      its.delete(`${nth}`);
      its.delete(`${nth + 2}`);
      if (nth === 1) its.set('9', { nth: 9 });
    }
    return nths;
  };
  expect(seen(new ChurnMap())).toEqual(seen(new Map()));
});

test('some may be put back while it is looked through: they come once more', () => {
  const seen = (its: ChurnMap<number, Member> | Map<number, Member>): number[] => {
    for (let nth = 0; nth < 2000; nth++) its.set(nth, { nth });
    const nths: number[] = [];
    for (const { nth } of its.values()) {
      nths.push(nth);
      if (nths.length !== 3) continue;
      its.clear();
      for (const kept of [1, 5]) its.set(kept, { nth: kept });
    }
    return nths;
  };
  expect(seen(new ChurnMap())).toEqual([0, 1, 2, 1, 5]);
  expect(seen(new Map())).toEqual([0, 1, 2, 1, 5]);
});

test('all may go while it is looked through', () => {
  const its = new ChurnMap<number, Member>();
  for (let nth = 0; nth < 2000; nth++) its.set(nth, { nth });
  const nths: number[] = [];
  for (const { nth } of its) {
    nths.push(nth);
    for (let each = 0; each < 2000; each++) its.delete(each);
    if (nth === 0) its.set(7, { nth: 7 });
  }
  expect(nths).toEqual([0, 7]);
});
