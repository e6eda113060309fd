/** What cannot be saved: the lines read and written by a program that computes nothing, and then the
 * computing, on all threads without a pause. */
import type { Contestant } from '../contestants/contestant.ts';
import { computingMs } from '../lines-input.ts';
import { fileOf, type Program, program } from './program.ts';

const reads = program(
  'ideal',
  'a program that only reads and writes the lines, plus the computing',
  (input, output) => [fileOf('../functions/lines-only.js'), input, output],
);

export const contestant: Contestant<Program> = {
  ...reads,
  async open(setup) {
    const opened = await reads.open(setup);
    const run: Program['run'] = async (input, output) =>
      (await opened.run(input, output)) + computingMs / setup.threads;
    return { ...opened, run };
  },
};
