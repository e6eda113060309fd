/** The command, with memory only. */
import { command, program } from './program.ts';

export const contestant = program('threadmemo map', 'the command', (input, output) => [
  ...command,
  input,
  '--out',
  output,
]);
