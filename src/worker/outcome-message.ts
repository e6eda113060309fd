/** An outcome as it is sent, see `protocol.ts`. */

import { type Completed, type Outcome, SHORT_STRETCH } from '../protocol.ts';
import { isPrimitive } from '../values/primitive.ts';

/** Bytes from which an outcome's memory is handed over rather than copied. */
const WORTH_IT = 32_768;

export function onTheWire(outcome: Outcome): Completed | Extract<Outcome, { type: 'fail' }> {
  if (outcome.type === 'fail') return outcome;
  const { lease, value, ms, ttl, stretch = 0, details } = outcome;
  if (details) return [lease, value, ms, ttl, stretch, details];
  return stretch > SHORT_STRETCH ? [lease, value, ms, ttl, stretch] : [lease, value, ms, ttl];
}

/**
 * The memory to be handed over with it; code here that reads the outcome has to do so before. Shared
 * memory goes by reference.
 */
export function memoryOf(outcome: Outcome): ArrayBuffer[] | undefined {
  const said = outcome.type === 'complete' ? outcome.value : outcome.error;
  if (isPrimitive(said) || said.bytes.byteLength < WORTH_IT) return undefined;
  const { buffer } = said.bytes;
  return buffer instanceof ArrayBuffer ? [buffer] : undefined;
}
