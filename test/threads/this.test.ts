/** A memoized method computes with an object that is none of the caller's, and its value is kept. */

import { runInThisContext } from 'node:vm';
import { KeyError } from 'threadmemo';
import { describe, expect, test } from 'vitest';
import { usesThis } from '../../src/api/uses-this.ts';
import * as methods from '../fixtures/methods.ts';
import { openForAll, rejection } from './open.ts';

openForAll({ threads: 1 });

const { bare, compiled, counts, price } = methods;

test('`this` is undefined in the function and in what its options call', async () => {
  expect(await bare(1)).toBe('nothing');
  expect(bare.key(1)).toContain('nothing 1');
  expect(bare.has(1)).toBe(true);
  const seen: unknown[] = [];
  function onProgress(this: unknown): void {
    seen.push(this);
  }
  for await (const _ of bare.map([2], { onProgress }));
  expect(seen).toEqual([undefined]);
});

test('a call on an object whose function needs one says what to do, cached or not', async () => {
  class Shop {
    currency = 'EUR';
    price = price;
  }
  const on = (shop: object) => (price as (n: number) => Promise<string>).call(shop, 5);
  for (const shop of [new Shop(), { price, currency: 'USD' }, new Proxy({}, {})]) {
    const error = await rejection(on(shop));
    expect(error).toBeInstanceOf(KeyError);
    expect(error).toMatchObject({ path: 'this', functionId: price.id });
    expect(error.message).toMatch(/uses `this`.*as arguments/);
    expect(await (price as unknown as (n: number) => Promise<string>)(5)).toBe('5 undefined');
  }
  expect((await rejection(on(new Shop()))).message).toContain('an instance of Shop');
  const Static = Object.assign(class Static {}, { currency: 'EUR' });
  expect((await rejection(on(Static))).message).toContain('was called on [Function: Static]');
});

test('a call on an object whose function does not need it is a call like any other', async () => {
  const api = { counts, compiled };
  expect(await api.counts(2)).toBe(4);
  expect(await api.compiled(1)).toBe('undefined 1');
  expect(await methods.counts(3)).toBe(6);
  expect(await counts.call(undefined as never, 4)).toBe(8);
});

describe('which functions need an object', () => {
  // Methods without types, as they reach the engine.
  const needing = {
    plain: 'function price(n) { return n * this.rate; }',
    method: '({ price(n) { return n * this.rate; } }).price',
    asynchronous: 'async function price(n) { await n; if (n > 0) { return this.rate * n } }',
    generator: 'function* price(n) { yield this.rate }',
    optional: 'function price(n) { return n * (this?.rate ?? 1); }',
    indexed: 'function price(n) { return this["rate"] * n }',
    privately: '(class { #rate = 1; static price(n) { return this.#rate } }).price',
    destructured: 'function price(n) { const { rate } = this; return rate * n; }',
    'in a template': 'function price(n) { return `$' + '{n} $' + '{this.currency}`; }',
    'in an arrow function': 'function price(list) { return list.map((n) => n * this.rate); }',
    'under another name': 'function price(n) { const self = this; return n * self?.rate; }',
    'in a default': 'function price(n, rate = this.rate) { return n * rate; }',
    'after a comment': "function price(n) { /* it's */ return this.rate; }",
    'in blocks':
      'function p(n) { for (const a of f(n)) { try { this.go(a) } catch (e) { throw e } } }',
  };
  test.each(Object.entries(needing))('%s', (_, source) => {
    expect(usesThis(runInThisContext(`(${source})`))).toBe(true);
  });

  const innocent = {
    'no this': 'function price(n) { return n; }',
    arrow: '(n) => n * this.rate',
    'arrow with one parameter': 'n => n * this.rate',
    'asynchronous arrow': 'async (n) => this.rate',
    'in a nested function': 'function price(n) { return [n].map(function (x) { return this.y }) }',
    'in a nested method': 'function price(n) { return { get x() { return this.y } } }',
    'in a nested method with defaults':
      'function p(n) { return { m(a = f(n)) { return this.y } } }',
    'in a class': 'function price(n) { class A { constructor() { this.n = n } } return new A().n }',
    'in a static block': 'function price(n) { class A { static { this.n = 1 } } return A.n }',
    'in a text': `function price(n) { return "this.rate" + 'this.x' + \`this.y\` }`,
    'in a comment': 'function price(n) { /* this.rate */ return n; // this.x\n }',
    'in a word': 'function price(n) { return n.this_.x + all.this; }',
    'handed on by a compiler': 'function p(x) { return __awaiter(this, void 0, void 0, 1) }',
    'compared only': 'function p(n) { const free = this === undefined; return n === this; }',
    'handed on by another': 'function p() { return _p.apply(this, arguments) }',
    'beside a quote in a pattern': `function p(n) { return n.replace(/"/g, "this.x") }`,
    bound: 'function p() { return this.x }.bind({ x: 1 })',
    native: 'Math.max',
    'a class itself': 'class A { constructor() { this.x = 1 } }',
  };
  test.each(Object.entries(innocent))('not one with: %s', (_, source) => {
    expect(usesThis(runInThisContext(`(${source})`))).toBe(false);
  });
});
