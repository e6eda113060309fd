/** The priority of a call is lost on its way to the queue. */

import { expect, test } from 'vitest';
import { holds } from '../fixtures/batches-and-sleep.ts';
import { count, fresh, reaches } from '../fixtures/counters-and-gates.ts';
import { begun } from '../fixtures/ordered.ts';
import { openForAll } from './open.ts';

openForAll({ threads: 1 });

test('what is urgent is begun first, and what is not last', async () => {
  const gate = fresh('held');
  const series = fresh('series');
  const holding = holds(gate);
  await reaches(`${gate}:holds`, 1);
  const calls = [
    begun.with({ priority: 'low' })(series, 'low'),
    begun.with({ priority: 'low' })(series, 'raised'),
    begun(series, 'normal'),
    begun.with({ priority: 'high' })(series, 'high'),
    begun.with({ priority: 'high' })(series, 'raised'),
  ];
  count(`${gate}:go`);
  expect(await Promise.all(calls)).toEqual([4, 2, 3, 1, 2]);
  await holding;
});
