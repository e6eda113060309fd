/** The program that one would write without the command. */
import { fileOf, program } from './program.ts';

export const contestant = program(
  'by hand',
  'Piscina, a Map by line, results in order; keeps every line and its result for ever',
  (input, output) => [fileOf('../functions/lines-by-hand.js'), input, output],
);
