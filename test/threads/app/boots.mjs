/** Loaded by each thread before anything else: the first may start, and the others when they are allowed to. */

import { count, counted } from '../../../build/test/fixtures/counters-and-gates.js';

if (count('boots:tried') > 1 && counted('boots:allowed') === 0) {
  count('boots:refused');
  throw new Error('not yet');
}
