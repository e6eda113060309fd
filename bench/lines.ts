/** What does a million lines through a function cost, most of which come again? As whole programs. */
import { readFileSync } from 'node:fs';
import {
  lines as count,
  distinct,
  inputFile,
  type Program,
  programs,
} from './contestants/programs.ts';
import { metric, type Sample, type Scenario } from './scenario.ts';

async function measure(program: Program): Promise<Sample> {
  const input = inputFile();
  const output = `${input}.out`;
  const ms = await program.run(input, output);
  const written = readFileSync(output, 'utf8').split('\n');
  if (written.length !== count + 1 || written[1] !== `${(7919 % distinct) * 2}`) {
    throw new Error('the results are not those of the lines');
  }
  return { ms };
}

export const lines: Scenario<Program> = {
  name: 'lines',
  field: programs,
  warmUps: 1,
  rounds: 5,
  parts: [
    {
      name: 'lines',
      question: `${count.toLocaleString('en')} lines of JSON, ${distinct.toLocaleString('en')} inputs of 2 ms, 2 threads; the whole program, its start included`,
      baseline: 'ideal',
      metrics: [metric('ms', 'milliseconds', { ratio: true })],
      bars: [
        {
          contestant: 'threadmemo map',
          metric: 'ms',
          of: 'ratio',
          must: 'be at most',
          limit: 1.15,
        },
      ],
      measure,
    },
  ],
  notShown: [
    'memory: the program by hand keeps every line that it has seen; `test/cli` bounds that of the command',
    'lines whose results are larger, and inputs that hardly ever come again',
  ],
};
