/** To the standard output, whole: the process may end right after it. */

import { Output } from './output.ts';

export const STDOUT = 1;

/** @returns false when the reader has gone @throws {Unusable} */
export async function print(text: string): Promise<boolean> {
  const output = new Output(STDOUT, () => {});
  output.add(`${text}\n`);
  await output.flush();
  return !output.unread;
}

/** What the user's code prints, in whichever thread, would stand between the results. */
export function keepStdoutForResults(): void {
  Object.defineProperty(process, 'stdout', { value: process.stderr, configurable: true });
}
