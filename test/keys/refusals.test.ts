import { describe, expect, test } from 'vitest';
import { KeyError } from '../../src/errors.ts';
import { canonicalKey, canonicalKeyOf } from '../../src/keys/canonical.ts';
import { encodeArgs } from '../../src/values/args.ts';
import { cycles, refusals } from '../values/refusals.ts';

function failureOf(action: () => unknown): KeyError {
  try {
    action();
  } catch (error) {
    if (error instanceof KeyError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('an argument that cannot cross', () => {
  test.each(Object.entries(refusals()))('%s', (_, { value, path, says }) => {
    const error = failureOf(() => canonicalKey([0, value]));
    expect(error.path).toBe(`args[1]${path}`);
    expect(error.message).toContain(says);
    expect(error.message.startsWith(`args[1]${path}`.slice(0, 90))).toBe(true);
    expect(failureOf(() => encodeArgs([0, value])).message).toBe(error.message);
  });

  test.each(Object.entries(cycles()))('%s', (_, { value, path, says }) => {
    const error = failureOf(() => canonicalKey([0, value]));
    expect(error.path).toBe(`args[1]${path}`);
    expect(error.message).toContain(says);
  });

  test('nested just deep enough, and one level too deep', () => {
    const nested = (levels: number) => {
      let value: unknown = 'x';
      for (let i = 0; i < levels; i++) value = [value];
      return value;
    };
    expect(canonicalKey([nested(1000)])).not.toBe(canonicalKey([nested(999)]));
    for (const levels of [1001, 100_000]) {
      const error = failureOf(() => canonicalKey([nested(levels)]));
      expect(error.path).toBe(`args[0]${'[0]'.repeat(1000)}`);
      expect(error.message).toMatch(/^args\[0].{0,250} is nested more than 1,000 levels deep/);
    }
  });

  test('the message says what would be right', () => {
    class Socket {}
    expect(failureOf(() => canonicalKey([{ conn: new Socket() }])).message).toBe(
      'args[0].conn is an instance of Socket, which cannot cross to another thread. ' +
        'Pass plain data instead. What a function needs besides data, such as a connection, its ' +
        'module opens for each thread.',
    );
  });

  test('what a key option returns is named after it', () => {
    const error = failureOf(() => canonicalKeyOf({ conn: () => {} }, 'key(...)'));
    expect(error.path).toBe('key(...).conn');
    expect(error.message).toContain('Return plain data from the key option instead.');
    expect(failureOf(() => canonicalKey([() => {}], 'list')).path).toBe('list[0]');
  });

  test('what a getter throws is not swallowed', () => {
    const broken = {
      get a(): never {
        throw new RangeError('mine');
      },
    };
    expect(() => canonicalKey([broken])).toThrow(new RangeError('mine'));
  });
});
