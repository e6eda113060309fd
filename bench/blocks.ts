/**
 * How long does our code keep the main thread in one stretch, when there is much of everything?
 * Whatever else lives there, a server above all, waits meanwhile.
 */
import { ofEntries, ofFunctions } from './blocks/full.ts';
import { ofNestedCalls } from './blocks/nested.ts';
import { contestantOf, type Measured } from './blocks/operation.ts';
import { ofWaiters } from './blocks/waiters.ts';
import { metric, type Scenario } from './scenario.ts';

/** Each is a row of the table. */
const operations = Object.entries({
  ...ofEntries,
  ...ofWaiters,
  ...ofNestedCalls,
  ...ofFunctions,
}).map(([name, operation]) => contestantOf(name, operation));

/** Milliseconds. */
const limit = 20;

export const blocks: Scenario<Measured> = {
  name: 'blocks',
  field: operations,
  warmUps: 0,
  rounds: 2,
  parts: [
    {
      name: 'blocks',
      question: 'the longest stretch for which an operation keeps the main thread, worst round',
      metrics: [
        metric('longest', 'CPU ms, longest stretch', { digits: 1, over: 'max' }),
        metric('longestWithPauses', 'with the collector', { digits: 1, over: 'max' }),
        metric('longestByClock', 'wall ms, without it', { digits: 1, over: 'max' }),
        metric('total', 'CPU ms in all', { over: 'max' }),
      ],
      bars: operations.map(({ name: contestant }) => ({
        contestant,
        metric: 'longest',
        of: 'value',
        must: 'be at most',
        limit,
      })),
      measure: async (operation) => ({ ...(await operation.measure()) }),
    },
  ],
  notShown: [
    'which code it was: a stretch is all that the thread has done between two ticks of a timer of 1 ms, so it may be several short ones, up to a millisecond too much',
    "callers' own continuations: one handler here serves all calls. What callers do is in it, nevertheless: 500 calls or 100 aborts a turn",
    'errors whose stacks are mapped to sources: source maps are off, as in a program of plain JavaScript',
    "the collector's pauses are taken out by their share of the time, which is an estimate where other programs want the processor, too",
    'where the system does not tell the processor time of a thread (other than Linux), it is the time of the event loop, and other programs make it longer',
    'threads that other code has started, and tiers other than the disk',
  ],
};
