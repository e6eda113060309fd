/** An outcome as a line of the output. */

import { wordsOf } from './error-words.ts';
import type { LineOutcome } from './outcome.ts';

/** In the order of the input, a line is its result. */
export function ofItself(outcome: LineOutcome): string {
  return outcome.state === 'value' ? outcome.text : `{"error":${errorText(outcome)}}\n`;
}

/** In any other order it says whose it is. */
export function withItsLine(line: number, outcome: LineOutcome): string {
  return outcome.state === 'value'
    ? `{"line":${line},"value":${outcome.text.trimEnd()}}\n`
    : `{"line":${line},"error":${errorText(outcome)}}\n`;
}

function errorText(outcome: LineOutcome): string {
  const { name, message } = wordsOf(outcome.state === 'failed' ? outcome.error : undefined);
  return JSON.stringify({ name, message });
}
