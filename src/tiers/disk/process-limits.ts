/**
 * What the system allows this process, as `ulimit` sets it: bytes of addresses, and of a file.
 *
 * lmdb must not find out by itself. It ends the process when it cannot have the addresses that it was
 * told to take.
 */

import { readFileSync } from 'node:fs';

/** In bytes; `Infinity` where there is no limit, and where the system does not tell. */
export function processLimit(of: 'address space' | 'file size', limits = ownLimits()): number {
  const bytes = new RegExp(`^Max ${of} +(\\d+)`, 'm').exec(limits)?.[1];
  return bytes === undefined ? Number.POSITIVE_INFINITY : Number(bytes);
}

function ownLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return '';
  }
}
