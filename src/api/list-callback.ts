/**
 * `items.map(f)` calls a function with the item, its index and the whole list. All of them would make
 * the key, and be copied: no value is found again, and a long list takes quadratic time. That is no
 * error, because it may be meant; it is warned of, once a function.
 */

import { printable } from '../text/printable.ts';

const warned = new Set<string>();

/** @param args three */
export function noteListCallback(
  functionId: string,
  parameters: number,
  args: readonly unknown[],
): void {
  const [item, index, list] = args;
  if (parameters > 2 || !Array.isArray(list) || warned.has(functionId)) return;
  if (!Number.isInteger(index) || !Object.is(list[index as number], item)) return;
  warned.add(functionId);
  const id = printable(functionId);
  process.emitWarning(
    `${id} was called with an item, its index and the whole list, as items.map(f) does: all three are ` +
      'part of the key, and are copied for each call. Write items.map((item) => f(item)), or ' +
      'for await (const value of f.map(items)).',
    'ThreadmemoWarning',
  );
}
