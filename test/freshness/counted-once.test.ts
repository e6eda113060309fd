/** A hit counts twice: once where its thread finds it, and again where the thread asks for a refresh. */

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mapTier, type Tier } from 'threadmemo';
import { diskTier } from 'threadmemo/disk';
import { fakeClock } from 'threadmemo/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { variants } from '../effort.ts';
import { counted, fresh, reaches } from '../fixtures/counters-and-gates.ts';
import {
  callers,
  idling,
  idlingStale,
  looks,
  looksSync,
  mains,
  type Name,
  refreshedAhead,
  revalidating,
  syncs,
} from '../fixtures/growing-old.ts';
import { removeFolder } from '../remove-folder.ts';
import { open, until } from '../threads/open.ts';

let nth = 0;

const inWorker = (name: Name) => (cell: string) => looks(name, cell, ++nth);

const functions = {
  revalidating: { fn: revalidating, call: inWorker('revalidating'), after: '61s', stale: 1 },
  callers: { fn: callers, call: inWorker('callers'), after: '61s', stale: 1 },
  mains: { fn: mains, call: inWorker('mains'), after: '61s', stale: 1 },
  syncs: { fn: syncs, call: (cell: string) => looksSync(cell, ++nth), after: '61s', stale: 1 },
  idlingStale: { fn: idlingStale, call: inWorker('idlingStale'), after: '35s', stale: 1 },
  // A fresh hit of which the coordinator is told all the same.
  refreshedAhead: { fn: refreshedAhead, call: inWorker('refreshedAhead'), after: '35s', stale: 0 },
  idling: { fn: idling, call: inWorker('idling'), after: '35s', stale: 0 },
} as const;
type Of = keyof typeof functions;
const names = Object.keys(functions) as Of[];

/** A tier that threads read by themselves, and one that they do not. */
const tiers = {
  disk(): Tier {
    const home = mkdtempSync(join(tmpdir(), 'threadmemo-once-'));
    onTestFinished(() => removeFolder(home));
    return diskTier({ path: join(home, 'cache') });
  },
  memory: () => mapTier(),
};

describe.each(variants(['disk', 'memory'] as const, 1))('with a tier in %s', (kind) => {
  test.each(names)('a hit of %s in a worker thread counts once', async (name) => {
    const { fn, call, after, stale } = functions[name];
    const clock = fakeClock();
    const pool = await open({ threads: 1, clock, tiers: [tiers[kind]()] });
    const cell = fresh('once');
    const quiet = () => until(() => pool.inspect().flights.length === 0);
    const counts = () => {
      const { hits, staleHits, hitsIn, misses, waits } = fn.stats();
      const { near, shared, memory, tiers } = hitsIn;
      return [hits, staleHits, near + shared, memory + tiers, misses, waits];
    };
    // By the second call the thread may read the tier.
    for (const each of [fresh('first'), cell]) await call(each);
    await quiet();
    const before = counts();
    clock.advance(after);
    await call(cell);
    if (name !== 'idling') await reaches(cell, 2);
    await quiet();
    const added = counts().map((count, at) => count - (before[at] as number));
    expect(added).toEqual([1, stale, 1, 0, 0, 0]);
  });
});

test.each(['callers', 'mains', 'revalidating'] as const)(
  'what a refresh of %s finds in a tier is no hit',
  async (name) => {
    const { fn, call } = functions[name];
    const clock = fakeClock();
    const tier = mapTier();
    let write: (() => void) | undefined;
    const set: Tier['set'] = async (id, key, record) => {
      const later = {
        ...record,
        computedAt: clock.now() + 61_000,
        expiresAt: clock.now() + 181_000,
      };
      if (id === fn.id) write = () => void tier.set(id, key, later);
      await tier.set(id, key, record);
    };
    const pool = await open({ threads: 1, clock, tiers: [{ ...tier, set }] });
    const cell = fresh('found');
    await call(cell);
    await until(() => write !== undefined);
    clock.advance('61s');
    // As another process does that has computed it meanwhile.
    write?.();
    await call(cell);
    await until(() => pool.inspect().flights.length === 0);
    await call(cell);
    expect(counted(cell)).toBe(1);
    const { hits, staleHits, hitsIn, misses, waits } = fn.stats();
    expect({ hits, staleHits, inTiers: hitsIn.tiers, misses, waits }).toEqual({
      ...{ hits: 2, staleHits: 1, inTiers: 0, misses: 1, waits: 0 },
    });
  },
);
