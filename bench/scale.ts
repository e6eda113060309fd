/**
 * Does a hit stay cheap when the cache grows? Reads of small objects, in no order, from caches of
 * 1,000 to 1,000,000 entries. Each cache has a process of its own and is filled once; the sizes are
 * then measured in turn.
 */
import { nanosecondsEach, ordersFor } from './contestants/crews.ts';
import { type SizedCrew, sized, threadmemoName } from './contestants/in-workers.ts';
import { metric, type Sample, type Scenario } from './scenario.ts';

const sizes = [1_000, 10_000, 100_000, 1_000_000] as const;
const msEach = 100;

async function measure(crew: SizedCrew): Promise<Sample> {
  const order = ordersFor(1, { count: crew.size, ms: msEach });
  return { ns: nanosecondsEach(await crew.run('readNumbered', order)) };
}

export const scale: Scenario<SizedCrew> = {
  name: 'scale',
  field: sized(sizes),
  warmUps: 2,
  rounds: 7,
  parts: [
    {
      name: 'scale',
      question:
        'n => ({ n }), cached for all n below the size, read in no order by one worker; each read makes an object',
      baseline: threadmemoName(10_000),
      metrics: [metric('ns', 'ns a hit', { ratio: true })],
      bars: [
        {
          contestant: threadmemoName(1_000_000),
          metric: 'ns',
          of: 'ratio',
          must: 'be at most',
          limit: 2,
        },
      ],
      measure,
    },
  ],
  notShown: [
    'near hits: objects that are copied are read from the shared memory each time',
    'making keys: the argument is a number',
    "that the Map's values are one object for all who read them",
  ],
};
