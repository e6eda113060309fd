import { checks } from './checks.js';

test('a memoized function is computed once, in a worker thread', () =>
  checks((actual, expected) => expect(actual).toEqual(expected)));
