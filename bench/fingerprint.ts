/**
 * What does it cost at the start of a process to know which code a function has? Once for all, and
 * when the files are as they were.
 */
import { count, type Graph, graphs } from './contestants/graphs.ts';
import { metric, type Sample, type Scenario } from './scenario.ts';

async function measure(graph: Graph): Promise<Sample> {
  graph.forget();
  const first = await graph.look();
  const again = await graph.look();
  if (first.fingerprint !== again.fingerprint) throw new Error('the code has not changed');
  if (graph.remembered() !== count) throw new Error('not all modules were looked at');
  return { first: first.ms, again: again.ms };
}

export const fingerprint: Scenario<Graph> = {
  name: 'fingerprint',
  field: graphs,
  warmUps: 1,
  rounds: 9,
  parts: [
    {
      name: 'fingerprint',
      question: `a module that reaches ${count} of 3 to 5 KB; each look in a process of its own, from loading what looks`,
      metrics: [
        metric('first', 'ms, first look', { digits: 1 }),
        metric('again', 'ms, remembered', { digits: 1 }),
        metric('worst', 'ms, remembered, at worst', { digits: 1, over: 'max' }),
      ],
      bars: (['JavaScript', 'TypeScript'] as const).map((contestant) => ({
        contestant,
        metric: 'again',
        of: 'value',
        must: 'be at most',
        limit: 100,
      })),
      measure: async (graph) => {
        const sample = await measure(graph);
        return { ...sample, worst: sample['again'] ?? Number.NaN };
      },
    },
  ],
  notShown: [
    'a cold disk: the files were just read, and are in the memory of the system',
    'packages: of each that is reached, one package.json more is looked at',
    'the start of Node and of the pool, which the first call waits for, too',
  ],
};
