/** What a process tells all others, in the channel of invalidations. */

import type { Invalidation } from '../tier.ts';

export interface Told extends Invalidation {
  /** The process that tells it. */
  readonly sender: string;
}

/** JSON, because that keeps lone surrogates, which UTF-8 would make one. */
export function tell({ sender, functionId, key }: Told): string {
  return JSON.stringify([sender, functionId ?? null, key ?? null]);
}

/** `undefined` for what nobody of us has told. */
export function readTold(message: Buffer): Told | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(message.toString());
  } catch {
    return undefined;
  }
  if (!Array.isArray(fields)) return undefined;
  const [sender, functionId, key] = fields as unknown[];
  const isText = (field: unknown) => field === null || typeof field === 'string';
  if (typeof sender !== 'string' || !isText(functionId) || !isText(key)) return undefined;
  return {
    sender,
    ...(typeof functionId === 'string' && { functionId }),
    ...(typeof key === 'string' && { key }),
  };
}
