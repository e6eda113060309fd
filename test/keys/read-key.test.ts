/** Keys are read back as far as values are in them, and no key is read as other arguments. */

import { expect, test } from 'vitest';
import { Nearest } from '../../src/coordinator/nearest.ts';
import { canonicalKey } from '../../src/keys/canonical.ts';
import { argsInKey } from '../../src/keys/read-key.ts';

const bare = Object.assign(Object.create(null), { a: 1 });

test.each([
  [[]],
  [[undefined, null, true, false, 0, -0, 1.5, Number.NaN, 12n, 'a;b:c', '']],
  [[new Date(5), new Date(Number.NaN)]],
  [[[1, [2, 'x']], { 'b:2': 1, a: { c: [] } }, bare]],
  [[new Map([['a', { b: 1 }]]), new Set([1, 'two'])]],
  [[JSON.parse('{"__proto__":1}')]],
])('%#: what is whole in a key comes back', (args) => {
  expect(argsInKey(canonicalKey(args))).toEqual(args);
});

test('what is only a digest in the key, or no value, is told apart as the key does', () => {
  const read = (...args: unknown[]) => String(argsInKey(canonicalKey(args))?.[0]);
  expect(read('x'.repeat(2000))).toBe('a text of 2000 characters');
  expect(read(Array.from({ length: 999 }, (_, n) => n))).toBe('a large value');
  expect(read(Buffer.alloc(100))).toBe('Buffer of 100 bytes');
  expect(read(new Uint8Array(3))).toBe('Uint8Array of 3 bytes');
  expect(read(/a;b/gi)).toBe('/a;b/gi');
});

test.each([
  ['the digest of all', canonicalKey(['x'.repeat(200)])],
  ['an error', canonicalKey([new Error('e')])],
  ['a list with holes', canonicalKey([new Array(2)])],
  ['a key that ends too soon', '(s9:abc'],
  ['none at all', 'abc'],
])('nothing is read of %s', (_, key) => {
  expect(argsInKey(key)).toBeUndefined();
});

function nearest(args: unknown[], ...others: unknown[][]): string | undefined {
  const read = (list: unknown[]) => argsInKey(canonicalKey(list)) ?? [];
  const most = new Nearest(read(args));
  for (const other of others) most.add(read(other));
  return most.words;
}

test('calls are compared by what is in their keys', () => {
  const [long, other] = ['x'.repeat(2000), 'y'.repeat(2000)];
  expect(nearest([long, 1], [long, 2])).toBe('args[1]: 1 instead of 2');
  expect(nearest([long, 1], [other, 1])).toBe(
    'args[0]: a text of 2000 characters instead of another',
  );
  expect(nearest([new Set([1, 2])], [new Set([2])])).toBe('args[0].has(1): true instead of false');
  expect(nearest([long], [long])).toBeUndefined();
});
