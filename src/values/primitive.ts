/** What its receiver cannot change. */

import type { Primitive } from '../protocol.ts';

export function isPrimitive(value: unknown): value is Primitive {
  switch (typeof value) {
    case 'object':
      return value === null;
    case 'function':
    case 'symbol':
      return false;
    default:
      return true;
  }
}
