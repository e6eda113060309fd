/**
 * What tiers return and no thread can decode: written by another Node or another program, or by a
 * tier of the user's own. It is a miss, is removed and counted, and the call computes.
 */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keyv } from 'keyv';
import { type MemoPool, mapTier, type Tier, type TierRecord } from 'threadmemo';
import { diskTier } from 'threadmemo/disk';
import { keyvTier } from 'threadmemo/keyv';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Codec, type Encoded } from '../../src/protocol.ts';
import { TierChain } from '../../src/tiers/chain.ts';
import { encode } from '../../src/values/encode.ts';
import { inFull, variants } from '../effort.ts';
import { counted } from '../fixtures/counters-and-gates.ts';
import { finds, made } from '../fixtures/planted-records.ts';
import { removeFolder } from '../remove-folder.ts';
import { record } from '../suites/tier.ts';
import { open } from '../threads/open.ts';

const text = (codec: Codec, written: string): Encoded => ({
  codec,
  bytes: new Uint8Array(Buffer.from(written, 'latin1')),
});
const cause = (first: string, second: string) =>
  text(Codec.clone, `\xff\x0frm"\x01m${first}${second}.`);
/** Of a class that some Node may have, and none has. */
const ofUnknownClass = text(Codec.clone, '\xff\x0f\\\x0eFloat7777Array\x02\0\0');

const values: Record<string, Encoded> = {
  'a number of three bytes': { codec: Codec.number, bytes: new Uint8Array(3) },
  'nothing, with bytes': { codec: Codec.null, bytes: new Uint8Array(1) },
  'a bigint of letters': text(Codec.bigint, 'abc'),
  'wide text of three bytes': { codec: Codec.utf16, bytes: new Uint8Array(3) },
  'an error that was thrown': text(Codec.thrown, '\xff\x0foI\x02I\x02{\x01'),
  'a codec that there is not': { codec: 99 as Codec, bytes: new Uint8Array(8) },
  'a view of a class that this Node does not have': ofUnknownClass,
  'an array that is not all there': text(
    Codec.plain,
    '\x0d\xff\xff\xff\x00\x00\x01\x00\x00\x00\x00',
  ),
  'plain data that is none': text(Codec.plain, 'hello, world'),
  'a clone of another version of V8': text(Codec.clone, '\xff\x7fI\x02'),
  'a clone of half an object': text(Codec.clone, '\xff\x0fo"\x01a'),
  'losses without a value': text(Codec.repaired, '\xff\x0fI\x02'),
  'an array with more holes than memory': text(
    Codec.clone,
    '\xff\x0fa\xff\xff\xff\x0f@\0\xff\xff\xff\x0f',
  ),
};
// V8 reads stack and cause of an error in the one order or in the other.
const otherOrder =
  Number.parseInt(process.versions.v8, 10) < 12 ? ['s"\x00', 'cI\x02'] : ['cI\x02', 's"\x00'];
values['an error with a cause, as another Node writes it'] = cause(
  ...(otherOrder as [string, string]),
);

const sound = record([1]);
const odd: Record<string, unknown> = {
  'a text': 'hello',
  'an object without a value': {},
  'a value without bytes': { ...sound, value: { codec: 9 } },
  'a value with an array of bytes': { ...sound, value: { codec: 9, bytes: [1] } },
  'a codec that is a text': { ...sound, value: { codec: '9', bytes: new Uint8Array(1) } },
  'no end': { ...sound, expiresAt: undefined },
  'an end that is NaN': { ...sound, expiresAt: Number.NaN },
  'an end that is a date': { ...sound, expiresAt: new Date(4e12) },
  'a cost of NaN': { ...sound, ms: Number.NaN },
  'a cost below nothing': { ...sound, ms: -1 },
  'a cost without an end': { ...sound, ms: Number.POSITIVE_INFINITY },
  'a cost that is a text': { ...sound, ms: '12' },
  'a distance below nothing': { ...sound, staleFor: -1 },
  'tags that are no list': { ...sound, tags: 'news' },
  'a tag without a generation': { ...sound, tags: [{ name: 'news' }] },
  'a dependency without a generation': { ...sound, dependsOn: [{ name: 'f' }] },
  'a getter that throws': {
    get value() {
      throw new Error('no');
    },
  },
};
const records: [string, TierRecord][] = [
  ...Object.entries(values).map(([what, value]): [string, TierRecord] => [
    what,
    { ...sound, value },
  ]),
  ...Object.entries(odd).map(([what, its]): [string, TierRecord] => [what, its as TierRecord]),
];

/** A tier that has one record for whatever it is asked for, until it is told to forget it. */
function planted(its: TierRecord): Tier & { readonly told: string[] } {
  const told: string[] = [];
  const inner = mapTier();
  const has = () => !told.includes('delete');
  return {
    ...inner,
    told,
    get: async (...what) => (has() ? its : inner.get(...what)),
    async set(...what) {
      told.push('set');
      await inner.set(...what);
    },
    async delete() {
      told.push('delete');
    },
  };
}

describe.each(records)('%s', (_, its) => {
  test('is a miss, a failure that is counted, and removed before anything else is written', async () => {
    const tier = planted(its);
    const chain = new TierChain([tier]);
    expect(await chain.get('f', 'f(1)')).toBeUndefined();
    await chain.set('f', 'f(1)', sound);
    expect(tier.told).toEqual(['delete', 'set']);
    expect(chain.stats.get(tier)).toMatchObject({
      misses: 1,
      hits: 0,
      failures: 1,
      undecodable: 1,
    });
    expect((await chain.get('f', 'f(1)'))?.record).toEqual(sound);
  });

  test('is no answer to what is asked at once, and is removed', async () => {
    const tier = planted(its);
    const getNow = () => (tier.told.includes('delete') ? undefined : its);
    const chain = new TierChain([{ ...tier, getNow }]);
    expect(chain.peek('f', 'f(1)')).toBeUndefined();
    await chain.close();
    expect(tier.told).toEqual(['delete']);
    const again = planted(its);
    const other = new TierChain([{ ...again, getNow: () => its }]);
    expect(other.getNow('f', 'f(1)')).toBeUndefined();
    await other.close();
    expect(again.told).toEqual(['delete']);
  });

  test('makes the tier that is asked for a lease fail, and a slower tier answers', async () => {
    const tier = planted(its);
    const leasing: Tier = { ...tier, lease: async () => ({ state: 'found', record: its }) };
    const chain = new TierChain([leasing]);
    expect(await chain.lease('f', 'f(1)', false)).toEqual({ state: 'failed' });
    await chain.close();
    expect(tier.told).toEqual(['delete']);

    const slower = mapTier();
    await slower.set('f', 'f(1)', sound);
    const faster = planted(its);
    const both = new TierChain([faster, slower]);
    expect((await both.get('f', 'f(1)'))?.record).toEqual(sound);
    await both.close();
    expect(faster.told).toEqual(['set']);
  });
});

test('null is what is not there, for tiers that say it so', async () => {
  const tier = planted(null as unknown as TierRecord);
  const chain = new TierChain([tier]);
  expect(await chain.get('f', 'f(1)')).toBeUndefined();
  expect(chain.stats.get(tier)).toMatchObject({ misses: 1, failures: 0 });
});

test('what few records have goes on to the faster tiers', async () => {
  const times = { staleFor: 5, wallMs: 6, renewableFor: 7, computedAt: 8 };
  const its = { ...sound, ...times, namespace: 'shop' };
  const [faster, slower] = [mapTier(), mapTier()];
  await slower.set('f', 'f(1)', its);
  const chain = new TierChain([faster, slower]);
  await chain.get('f', 'f(1)');
  await chain.close();
  expect(await faster.get('f', 'f(1)')).toEqual(its);
});

test('a record is fresh until its distance before its end', async () => {
  const chain = new TierChain([planted({ ...sound, staleFor: 1000 })]);
  expect((await chain.get('f', 'f(1)'))?.expiresAt).toBe(sound.expiresAt - 1000);
});

test.each([10, 100_000])('%i bytes that a tier uses again are copied in time', async (length) => {
  const memory = new Uint8Array(new SharedArrayBuffer(length)).fill(1);
  const its = { ...sound, value: { codec: Codec.uint8array, bytes: memory } };
  const chain = new TierChain([planted(its)]);
  const found = await chain.get('f', 'f(1)');
  memory.fill(2);
  const ones = Buffer.alloc(length, 1);
  // `toEqual` would take seconds.
  for (const value of [found?.value, found?.record.value])
    expect(ones.equals((value as Encoded).bytes)).toBe(true);
});

test('a large value is looked at in steps, between which other events come', async () => {
  const many = Array.from({ length: 200_000 }, (_, n) => [n]);
  const its = { ...sound, value: encode(many, 'value') };
  const chain = new TierChain([{ ...planted(its), getNow: () => its }]);
  let turns = 0;
  const turn = () => {
    turns++;
    setImmediate(turn).unref();
  };
  setImmediate(turn).unref();
  const found = await chain.getNow('f', 'f(1)');
  expect(found).toMatchObject({ record: { ms: 12.5 } });
  expect(turns).toBeGreaterThan(5);
  turns = Number.NEGATIVE_INFINITY;
});

test.runIf(inFull)('what answers neither found nor granted nor held is no answer', async () => {
  for (const answer of [{}, { state: 'granted' }, { state: 'held' }, { state: 'x' }, 7]) {
    const tier = { ...mapTier(), lease: async () => answer as never };
    const pool = await open({ threads: 1, tiers: [tier] });
    expect(await made(-1)).toEqual({ n: -1 });
    expect(pool.stats().tiers['map']).toMatchObject({ failures: 1 });
    await pool.close();
  }
});

describe('in a pool', () => {
  let next = 0;

  /** A pool whose tier has a planted record for so many calls of `made`, from the returned one on. */
  async function pooled(tier: () => Tier, value: Encoded, calls = 1): Promise<[MemoPool, number]> {
    const first = next;
    next += calls;
    const one = tier();
    // What a lease stores could not be replaced.
    Object.defineProperty(one, 'lease', { value: undefined });
    const set = one.set.bind(one);
    one.set = async (id, key, its) => {
      await set(id, key, { ...its, value });
    };
    const planting = await open({ threads: 1, tiers: [one] });
    for (let n = first; n < next; n++) await made(n);
    await planting.close();
    return [await open({ threads: 2, tiers: [tier()] }), first];
  }

  const content = () => {
    const stored = new Map<string, Map<string, TierRecord>>();
    const getNow = (id: string, key: string) => stored.get(id)?.get(key);
    return () => ({ ...mapTier(stored), getNow });
  };

  test('a hundred callers on the main thread, and every way in a thread, get the value computed once', async () => {
    const ways = ['call', 'sync', 'fork', 'map'];
    const [pool, first] = await pooled(content(), ofUnknownClass, 1 + ways.length);
    const callers = await Promise.all(Array.from({ length: 100 }, () => made(first)));
    expect(callers.every(({ n }) => n === first)).toBe(true);
    for (const [at, how] of ways.entries()) {
      const n = first + 1 + at;
      expect(await finds(n, how), how).toEqual({ n });
      expect(counted(`made:${n}`)).toBe(2);
    }
    expect(counted(`made:${first}`)).toBe(2);
    expect(pool.stats().tiers['map']).toMatchObject({ undecodable: 1 + ways.length });
  });

  test('has and peek do not see it, on any thread', async () => {
    const [, first] = await pooled(content(), ofUnknownClass, 4);
    expect([made.has(first), made.peek(first + 1)]).toEqual([false, undefined]);
    expect(await finds(first + 2, 'has')).toBe(false);
    expect(await finds(first + 3, 'peek')).toBeUndefined();
  });

  async function onDisk() {
    const path = await mkdtemp(join(tmpdir(), 'threadmemo-undecodable-'));
    onTestFinished(() => removeFolder(path));
    return () => diskTier({ path });
  }

  test('a disk tier counts it, and has the value for the next pool', async () => {
    const tier = await onDisk();
    const [pool, first] = await pooled(tier, ofUnknownClass);
    expect(await made(first)).toEqual({ n: first });
    await pool.close();
    expect(pool.stats().tiers['disk']).toMatchObject({ undecodable: 1, hits: 0 });
    const last = await open({ threads: 1, tiers: [tier()] });
    expect(await made(first)).toEqual({ n: first });
    expect(last.stats().tiers['disk']).toMatchObject({ hits: 1, undecodable: 0 });
    expect(counted(`made:${first}`)).toBe(2);
  });

  test.runIf(inFull)('a tier of Keyv counts it, and has the value for the next pool', async () => {
    const store = new Map();
    const [pool, first] = await pooled(() => keyvTier(new Keyv({ store })), ofUnknownClass);
    expect(await made(first)).toEqual({ n: first });
    await pool.close();
    expect(pool.stats().tiers['keyv']).toMatchObject({ undecodable: 1, hits: 0 });
    await open({ threads: 1, tiers: [keyvTier(new Keyv({ store }))] });
    expect(await made(first)).toEqual({ n: first });
    expect(counted(`made:${first}`)).toBe(2);
  });
});

test.each(variants(Object.entries(values), 4))(
  'verify of a directory removes %s',
  async (_, value) => {
    const path = await mkdtemp(join(tmpdir(), 'threadmemo-undecodable-'));
    const tier = diskTier({ path });
    await tier.set('f', 'f(1)', { ...sound, value });
    await tier.set('f', 'f(2)', sound);
    expect(await tier.verify()).toEqual({ sound: 1, damaged: 1, mended: 0 });
    expect(await tier.verify()).toEqual({ sound: 1, damaged: 0, mended: 0 });
    expect(await tier.stats()).toMatchObject({ entries: 1, damaged: 1 });
    await tier.close();
    await removeFolder(path);
  },
);
