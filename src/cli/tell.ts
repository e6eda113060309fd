/** To the person at the terminal: on the standard error, and nothing of it is a command to that. */

import { printableLines } from '../text/printable.ts';

export function tell(text: string): void {
  process.stderr.write(`threadmemo: ${printableLines(text)}\n`);
}
