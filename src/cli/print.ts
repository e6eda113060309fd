/** To the standard output, whole: the process may end right after it. */

import { Output } from './output.ts';

export const STDOUT = 1;

/** @returns false when nobody reads it @throws {Unusable} */
export async function print(text: string): Promise<boolean> {
  const output = new Output(STDOUT, () => {});
  output.add(`${text}\n`);
  await output.flush();
  return !output.unread;
}
