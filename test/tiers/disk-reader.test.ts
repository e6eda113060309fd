/** What a thread finds that reads a disk tier by itself: sound and fresh records, and nothing else. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DiskTier } from '../../build/src/disk.js';
import { openDiskTier } from '../../build/src/tiers/disk/disk-tier.js';
import { openReader } from '../../build/src/tiers/disk/reader.js';
import { encode } from '../../build/src/values/encode.js';
import type { RecordReader } from '../../src/protocol.ts';
import type { TierRecord } from '../../src/tiers/tier.ts';
import { FakeClock } from '../fake-clock.ts';
import { removeFolder } from '../remove-folder.ts';

const forever = Number.POSITIVE_INFINITY;
const anHour = 3_600_000;

let path: string;
let tier: DiskTier;
let reader: RecordReader;
/** Of the tier; the reader goes by the system's. */
let clock: FakeClock;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'threadmemo-reader-'));
  clock = new FakeClock();
  tier = openDiskTier({ path }, { ...clockAt(() => Date.now() + clock.now()) });
  reader = openReader({ path, maxAge: anHour });
});
afterEach(async () => {
  await reader.close();
  await tier.close();
  await removeFolder(path);
});

/** A clock whose timers never come. */
function clockAt(date: () => number) {
  const fake = new FakeClock();
  return {
    now: () => fake.now(),
    date,
    after: fake.after.bind(fake),
    soon: (run: () => void) => void setImmediate(run),
    stayAlive: () => ({ cancel() {} }),
  };
}

function recordOf(value: unknown, more: Partial<TierRecord> = {}): TierRecord {
  return { value: encode(value, 'value'), expiresAt: forever, ms: 5, ...more };
}

async function found(record: TierRecord) {
  await tier.set('f', 'f(1)', record);
  reader.takeSnapshot();
  return reader.get('f', 'f(1)');
}

test('a record, decoded if it is a primitive, with what it cost and until when it is fresh', async () => {
  expect(await found(recordOf('text'))).toEqual({
    value: 'text',
    ms: 5,
    expiresAt: forever,
    isKept: true,
  });
  const expiresAt = Date.now() + anHour;
  const object = recordOf({ a: 1 }, { expiresAt });
  expect(await found(object)).toEqual({
    value: object.value,
    ms: 5,
    expiresAt,
    isKept: true,
  });
  const window = recordOf(1, { expiresAt, staleFor: 1000 });
  expect(await found(window)).toMatchObject({ expiresAt: expiresAt - 1000, isKept: false });
});

test('nothing of another key or function, of what has expired, or of what is stale', async () => {
  expect(await found(recordOf(1))).toBeDefined();
  expect([reader.get('f', 'f(2)'), reader.get('g', 'f(1)')]).toEqual([undefined, undefined]);
  expect(await found(recordOf(1, { expiresAt: Date.now() - 1 }))).toBeUndefined();
  const stale = { expiresAt: Date.now() + 1000, staleFor: 2000 };
  expect(await found(recordOf(1, stale))).toBeUndefined();
});

test('nothing that is older than the tier keeps', async () => {
  clock.advance(-2 * anHour);
  expect(await found(recordOf(1))).toBeUndefined();
});

test('nothing that belongs into shared memory', async () => {
  expect(await found(recordOf('x'.repeat(100_000)))).toBeUndefined();
});

test('nothing whose time to idle a use renews', async () => {
  expect(await found(recordOf(1, { renewableFor: 1000 }))).toBeUndefined();
});

test('nothing that no thread could decode', async () => {
  const value = { codec: 13, bytes: new Uint8Array([255, 255, 255]) } as TierRecord['value'];
  expect(await found({ ...recordOf(1), value })).toBeUndefined();
});

test('what was deleted is seen in the next snapshot', async () => {
  expect(await found(recordOf(1))).toBeDefined();
  await tier.delete('f', 'f(1)');
  reader.takeSnapshot();
  expect(reader.get('f', 'f(1)')).toBeUndefined();
});

test('a use is news when the tier has noted none for ten minutes', async () => {
  await found(recordOf(1));
  expect(reader.isNews('f', 'f(1)')).toBe(false);
  expect(reader.isNews('f', 'f(2)')).toBe(false);
  clock.advance(-10 * 60_000);
  await found(recordOf(1));
  expect(reader.isNews('f', 'f(1)')).toBe(true);
});

test('it stays open when the tier is closed, and is closed alone', async () => {
  await found(recordOf(1));
  await tier.close();
  expect(reader.get('f', 'f(1)')).toBeDefined();
});
