/** What does threadmemo cost a program, and each of its threads, before it has done anything? */
import { piscinaStart, type Start, starts } from './contestants/starts.ts';
import { metric, type Scenario } from './scenario.ts';

export const start: Scenario<Start> = {
  name: 'start',
  field: starts,
  warmUps: 1,
  rounds: 9,
  parts: [
    {
      name: 'start import',
      question: 'importing the package, and nothing else; the fastest of three processes',
      baseline: 'piscina',
      metrics: [
        metric('main', 'ms, main', { digits: 1, ratio: true }),
        metric('mainCpu', 'CPU ms', { digits: 1, ratio: true }),
        metric('worker', 'ms, worker, above an empty one', { digits: 1 }),
        metric('workerCpu', 'CPU ms', { digits: 1 }),
        metric('files', 'files'),
      ],
      bars: [
        { contestant: 'threadmemo', metric: 'files', of: 'value', must: 'be at most', limit: 25 },
      ],
      measure: async (subject) => ({ ...(await subject.imports()), files: await subject.files() }),
    },
    {
      name: 'start answer',
      question:
        'from the start of a process to the answer of its first call in a thread; the fastest of three',
      baseline: 'piscina',
      metrics: [
        metric('ms', 'milliseconds', { ratio: true }),
        metric('added', 'more than Piscina alone'),
        metric('cpu', 'CPU ms', { ratio: true }),
        metric('addedCpu', 'more than Piscina alone'),
      ],
      bars: [],
      measure: async (subject) => {
        const piscina = await piscinaStart().firstAnswer();
        const { ms, cpu } = await subject.firstAnswer();
        return { ms, added: ms - piscina.ms, cpu, addedCpu: cpu - piscina.cpu };
      },
    },
  ],
  notShown: [
    'a cold disk: the files were just read, and are in the memory of the system',
    "the user's own modules, which each thread loads, too",
    'tiers and the command; `bench/disk.ts` and `bench/lines.ts` measure those',
    'loaders such as tsx, with which each file costs several times as much',
  ],
};
