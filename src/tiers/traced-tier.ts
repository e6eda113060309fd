/** A tier of which each operation is told of, if there is a subscriber. */

import { type TierEvent, tierOperations } from '../events/channels.ts';
import { Trace } from '../events/trace.ts';
import { decorate } from './decorate.ts';
import type { Tier, TierRecord } from './tier.ts';

export function tracedTier(tier: Tier): Tier {
  const traced =
    <Args extends [string?, string?, ...unknown[]], T>(
      operation: TierEvent['operation'],
      hasFound: (answer: T) => boolean | undefined = () => undefined,
    ) =>
    (inner: (...args: Args) => Promise<T>) =>
    (...args: Args): Promise<T> => {
      if (!tierOperations.hasSubscribers) return inner(...args);
      const [functionId, key] = args;
      const event = { tier: tier.name, operation, functionId, key };
      const trace = new Trace<TierEvent>(tierOperations, event);
      const ended = (answer: T): T => {
        const found = hasFound(answer);
        trace.end(found === undefined ? {} : { found });
        return answer;
      };
      const failed = (error: unknown): never => {
        trace.end({ error });
        throw error;
      };
      return inner(...args).then(ended, failed);
    };
  return decorate(tier, {
    get: traced('get', isRecord),
    see: traced('get', isRecord),
    set: traced('set'),
    delete: traced('delete'),
    clear: traced('clear'),
    lease: traced('lease', (answer) => answer?.state === 'found'),
  });
}

function isRecord(answer: TierRecord | undefined): boolean {
  return answer !== undefined && answer !== null;
}
