/**
 * What does a hit cost that only the disk has, as in the next run of a program? And what do storing,
 * and starting, cost? Each measurement is a process of its own, so nothing is in memory; its files
 * were just written, so the system has them in its cache.
 */
import { entriesEach, type OnDisk, onDisk } from './contestants/on-disk.ts';
import { type Bar, metric, type Scenario } from './scenario.ts';

const oneOf = (times: number, contestant: string, to: string): Bar => ({
  contestant,
  metric: 'text',
  of: 'ratio',
  to,
  must: 'be at most',
  limit: 1 / times,
});

const us = (id: string, label: string) => metric(id, `µs, ${label}`, { digits: 1, ratio: true });

export const disk: Scenario<OnDisk> = {
  name: 'disk',
  field: onDisk,
  warmUps: 0,
  rounds: 5,
  parts: [
    {
      name: 'disk',
      question: `${entriesEach.toLocaleString('en')} texts and as many records of 20 fields, 1 KB each: calls that find them on disk, one after the other, each key once in its process`,
      baseline: 'threadmemo',
      metrics: [
        us('text', 'text'),
        us('fields', '20 fields'),
        metric('textCpu', 'CPU µs, text', { digits: 1 }),
        metric('fieldsCpu', 'CPU µs, 20 fields', { digits: 1 }),
        metric('ready', 'ms, first hit', { digits: 1 }),
      ],
      bars: [
        oneOf(20, 'threadmemo', 'joblib'),
        oneOf(5, 'threadmemo', 'diskcache'),
        oneOf(20, 'threadmemo, tier.get', 'joblib'),
        oneOf(5, 'threadmemo, tier.get', 'diskcache'),
      ],
      measure: (opened) => opened.read(),
    },
    {
      name: 'disk store',
      question: 'calls of a trivial function with new keys, in a new directory, until it is closed',
      baseline: 'threadmemo',
      metrics: [us('store', 'an entry')],
      bars: [],
      measure: (opened) => opened.store(),
    },
  ],
  notShown: [
    'a cold disk: what is read was just written, and is in the memory of the system',
    'several threads or processes that read or write at once',
    'the first hit: from loading the library, in a process that runs; threadmemo has looked at the code of some 130 files by then',
    'µs are medians of 50 calls; CPU is the mean of all threads, work behind (noting uses, collecting garbage) included',
    'storing: threadmemo computes in two threads for 64 callers, Python in its one; and no call waits until the disk has it',
    "storing a lot: of the few entries here each bears a part of what threadmemo's threads take to start, and of some hundred ms in which the code is looked at for the first time",
  ],
};
