/** What a waiter is told when its flight fails for a reason of ours. */

import { CycleError, QueueFullError, WorkerLostError } from '../errors.ts';
import { encodeThrown } from '../values/thrown.ts';
import type { Answer, Flight } from './flight.ts';

/** The answer that carries an error. */
export function failure(error: Error): Answer {
  return { state: 'failure', error: encodeThrown(error) };
}

export function cycleError({ fn, fullKey: key }: Flight, cycle: string[]): CycleError {
  const message = `these computations wait for each other: ${cycle.join(' → ')}`;
  return new CycleError(message, { functionId: fn.info.id, key, cycle });
}

export function queueFull({ fn, fullKey: key }: Flight): QueueFullError {
  const message = `${fn.info.id} was not queued: maxQueue computations wait already`;
  return new QueueFullError(message, { functionId: fn.info.id, key });
}

export function workerLost({ fn, fullKey: key, deaths }: Flight, cause: unknown): WorkerLostError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  const threads = deaths === 1 ? 'thread' : 'threads';
  const message = `${deaths} ${threads} died computing ${fn.info.id}${reason}`;
  return new WorkerLostError(message, { functionId: fn.info.id, key, cause });
}
