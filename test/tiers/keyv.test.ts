/** A tier in any store of Keyv's: what it keeps, what others put there, and how stores fail. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keyv } from 'keyv';
import { OptionError, type Tier } from 'threadmemo';
import { keyvTier, TierAccessError } from 'threadmemo/keyv';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openKeyvTier } from '../../build/src/tiers/keyv/keyv-tier.js';
import { FakeClock } from '../fake-clock.ts';
import { increment } from '../fixtures/quick.ts';
import { removeFolder } from '../remove-folder.ts';
import { record, tierSuite } from '../suites/tier.ts';
import { open, rejection, until } from '../threads/open.ts';
import { FaultyStore, FileStore } from './keyv-stores.ts';

const withoutLease = 'Keyv has no step that looks and writes at once';
const f1 = ['f', 'f(1)'] as const;
const f2 = ['f', 'f(2)'] as const;
const g1 = ['g', 'g(1)'] as const;

let folder: string;
let store: FaultyStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'threadmemo-keyv-'));
  store = new FaultyStore();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await removeFolder(folder);
});

const openTier = (options = {}) => keyvTier(new Keyv(store), options);
const inFiles = () => keyvTier(new Keyv(new FileStore(folder)));

tierSuite('keyvTier, in memory', () => keyvTier(new Keyv()), { withoutLease });
tierSuite('keyvTier, in files', inFiles, { withoutLease });
tierSuite('keyvTier, signed', () => openTier({ secret: 'a secret of enough bytes' }), {
  withoutLease,
});
tierSuite(
  'keyvTier, without serialisation',
  () => keyvTier(new Keyv({ store, serialize: undefined, deserialize: undefined } as object)),
  { withoutLease },
);

/** The one record in the store, as Keyv has it. */
function theRecord(): { readonly name: string; readonly text: string } {
  const [name, ...others] = store.names();
  if (name === undefined || others.length > 0) throw new Error('there is not one record');
  const { value } = JSON.parse(store.content.get(name) as string);
  return { name, text: value };
}

function replace(name: string, value: unknown): void {
  store.content.set(name, JSON.stringify({ value }));
}

describe('what is stored', () => {
  test('is there when the store is opened again', async () => {
    const never = { ...record([1, 2, 3], 'clone'), expiresAt: Number.POSITIVE_INFINITY };
    const tier = inFiles();
    await tier.set(...f1, never);
    await tier.close();
    expect(await inFiles().get(...f1)).toEqual(never);
  });

  test('is found by another process at once, and gone when that clears or deletes it', async () => {
    const [one, other] = [openTier(), openTier()];
    for (const [fn, key] of [f1, f2, g1]) await one.set(fn, key, record([1]));
    expect(await other.get(...f1)).toEqual(record([1]));
    await other.delete(...f1);
    expect(await one.get(...f1)).toBeUndefined();
    await other.clear('f');
    expect(await one.get(...f2)).toBeUndefined();
    expect(await one.get(...g1)).toEqual(record([1]));
    await other.clear();
    expect(await one.get(...g1)).toBeUndefined();
  });

  test('is not seen under another prefix', async () => {
    await openTier({ prefix: 'one' }).set(...f1, record([1]));
    expect(await openTier({ prefix: 'two' }).get(...f1)).toBeUndefined();
    expect([...store.content.keys()].every((key) => key.startsWith('keyv:one:'))).toBe(true);
  });

  test('goes when its time is over, or after maxAge; what has expired is not stored', async () => {
    const clock = new FakeClock();
    const tier = openKeyvTier(new Keyv(store), { maxAge: '1h' }, clock);
    await tier.set(...f1, { ...record([1]), expiresAt: clock.date() + 1500.5 });
    expect(store.ttls.get(theRecord().name)).toBe(1501);
    clock.advance(1501);
    expect(await tier.get(...f1)).toBeUndefined();
    await tier.set(...f1, record([1]));
    expect(store.ttls.get(theRecord().name)).toBe(3_600_000);
    await tier.set(...f1, { ...record([2]), expiresAt: clock.date() });
    expect(await tier.get(...f1)).toBeUndefined();
    expect(() => theRecord()).toThrow();
  });

  test('serves a pool, beyond its end', async () => {
    const pool = await open({ threads: 1, tiers: [openTier()] });
    expect(await increment(41)).toBe(42);
    await pool.close();
    const second = await open({ threads: 1, tiers: [openTier()] });
    expect(await increment(41)).toBe(42);
    expect(increment.stats()).toMatchObject({ computations: 0, hits: 1 });
    expect(second.stats().tiers['keyv']).toMatchObject({ hits: 1, failures: 0 });
  });

  test('is closed with the tier, as the store is', async () => {
    const keyv = new Keyv(store);
    const disconnect = vi.spyOn(keyv, 'disconnect');
    await keyvTier(keyv).close();
    expect(disconnect).toHaveBeenCalledOnce();
  });
});

describe('a miss, which the next record replaces, is', () => {
  const secret = 'a secret of enough bytes';
  const flipped = (text: string, at: number) => {
    const bytes = Buffer.from(text, 'base64');
    const place = at < 0 ? bytes.length + at : at;
    bytes[place] = (bytes[place] as number) ^ 1;
    return bytes.toString('base64');
  };
  const cases: Record<string, (text: string) => unknown> = {
    'what is no record': () => 'hello, world',
    'an empty text': () => '',
    'a number': () => 7,
    'an object': () => ({ record: true }),
    'a record of another format': (text) => flipped(text, 2),
    'a record with damage in its head': (text) => flipped(text, 40),
    'a record with damage in its value': (text) => flipped(text, -1),
    'half a record': (text) => text.slice(0, 40),
    'a record of another generation': (text) => flipped(text, 5),
  };
  const quiet = ['an empty text', 'a record of another generation'];
  const damages = new Set(Object.keys(cases).filter((each) => !quiet.includes(each)));
  test.each(Object.entries(cases))('%s', async (what, damage) => {
    const tier = openTier();
    await tier.set(...f1, record([1]));
    const { name, text } = theRecord();
    replace(name, damage(text));
    expect(await tier.get(...f1)).toBeUndefined();
    expect(tier.stats().damaged).toBe(damages.has(what) ? 1 : 0);
    expect(store.names()).toEqual([]);
    await tier.set(...f1, record([2]));
    expect(await tier.get(...f1)).toEqual(record([2]));
  });

  test.each([
    ['no secret', secret, undefined],
    ['another secret', secret, 'another secret of enough bytes'],
    ['a secret, where it was not signed', undefined, secret],
  ])('a record that is read with %s', async (_, written, read) => {
    await openTier({ ...(written && { secret: written }) }).set(...f1, record([1]));
    const reader = openTier({ ...(read && { secret: read }) });
    expect(await reader.get(...f1)).toBeUndefined();
    expect(reader.stats().damaged).toBe(1);
    expect(store.names()).toEqual([]);
  });

  test("another key's record", async () => {
    const tier = openTier();
    await tier.set(...f2, record([2]));
    const { name: ofF2, text } = theRecord();
    await tier.delete(...f2);
    await tier.set(...f1, record([1]));
    const { name } = theRecord();
    expect(name).not.toBe(ofF2);
    replace(name, text);
    expect(await tier.get(...f1)).toBeUndefined();
  });

  test('a record whose generation was lost', async () => {
    const tier = openTier();
    await tier.set(...f1, record([1]));
    for (const key of store.content.keys()) if (key.endsWith(':g')) store.content.delete(key);
    expect(await tier.get(...f1)).toBeUndefined();
  });
});

describe('a store that fails', () => {
  const warnings = () => vi.spyOn(process, 'emitWarning').mockImplementation(() => {});

  test('is a failure of the tier, and a warning, not of the process', async () => {
    const warned = warnings();
    const tier = openTier();
    store.failing = new Set(['set', 'delete', 'get']);
    for (let n = 0; n < 3; n++) {
      await expect(tier.set(...f1, record([1]))).rejects.toThrow('could not store');
    }
    expect(await tier.get(...f1)).toBeUndefined();
    expect(warned).toHaveBeenCalledOnce();
  });

  test('and comes back all the time, is warned of at once, and then by a count', async () => {
    const warned = warnings();
    const clock = new FakeClock();
    const tier = openKeyvTier(new Keyv(store), {}, clock);
    for (let n = 0; n < 42; n++) {
      for (let each = 0; each < 20; each++) {
        store.failing = new Set(['set']);
        await expect(tier.set(...f1, record([1]))).rejects.toThrow('could not store');
        store.failing = new Set();
        await tier.set(...f1, record([1]));
      }
      clock.advance(1000);
    }
    expect(warned).toHaveBeenCalledOnce();
    clock.advance(30_000);
    expect(warned).toHaveBeenCalledTimes(2);
    expect(warned.mock.lastCall?.[0]).toMatch('839 more times since the last warning');
  });

  test.each<[string, (tier: Tier) => Promise<void>]>([
    ['a delete', (tier) => tier.delete(...f1)],
    ['a clear of the function', (tier) => tier.clear('f')],
    ['a clear', (tier) => tier.clear()],
  ])('%s that it refuses is made up for before anything is read', async (_, invalidate) => {
    warnings();
    const tier = openTier();
    await tier.set(...f1, record([1]));
    store.failing = new Set(['set', 'delete']);
    await expect(invalidate(tier)).rejects.toThrow('could not store');
    await expect(tier.get(...f1)).rejects.toThrow('could not store');
    store.failing.clear();
    expect(await tier.get(...f1)).toBeUndefined();
    expect(await openTier().get(...f1)).toBeUndefined();
  });
});

describe('a store that is slow', () => {
  let clock: FakeClock;
  let warned: ReturnType<typeof vi.spyOn>;
  beforeEach(() => {
    clock = new FakeClock();
    warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });
  const slow = () => openKeyvTier(new Keyv(store), { timeout: 100 }, clock);

  /** Waits until the store has been asked; then the time limit passes. */
  async function late(work: () => Promise<unknown>): Promise<Error> {
    const { held } = store;
    const rejected = rejection(work());
    await until(() => store.held > held);
    clock.advance(100);
    clock.turn();
    clock.turn();
    return rejected;
  }

  test('holds up one call for the time limit, and no other until it is asked again', async () => {
    const tier = slow();
    await tier.set(...f1, record([1]));
    store.hold('get', ':r:');
    expect(await late(() => tier.get(...f1))).toBeInstanceOf(TierAccessError);
    const { asked } = store;
    expect(await rejection(tier.get(...f1))).toBeInstanceOf(TierAccessError);
    expect(await rejection(tier.set(...f2, record([1])))).toBeInstanceOf(TierAccessError);
    expect(store.asked).toBe(asked);
    clock.advance(1000);
    const trying = late(() => tier.get(...f1));
    expect(await rejection(tier.get(...f2))).toBeInstanceOf(TierAccessError);
    expect(await trying).toBeInstanceOf(TierAccessError);
    expect(store.held).toBe(2);
    store.letGo();
    clock.advance(1000);
    expect(await tier.get(...f1)).toEqual(record([1]));
    expect(await tier.get(...f2)).toBeUndefined();
    expect(warned).toHaveBeenCalledOnce();
  });

  test('keeps nothing of a write that was late, once its key was deleted', async () => {
    const tier = slow();
    await tier.set(...f2, record([2]));
    store.hold('set', ':r:');
    expect(await late(() => tier.set(...f1, record([1])))).toBeInstanceOf(TierAccessError);
    clock.advance(1000);
    await tier.delete(...f1);
    store.letGo();
    await until(() => store.names().length === 2);
    expect(await tier.get(...f1)).toBeUndefined();
    expect(await slow().get(...f1)).toBeUndefined();
  });

  test('keeps nothing of a write that was late in what it asked first', async () => {
    const tier = slow();
    store.hold('get');
    expect(await late(() => tier.set(...f1, record([1])))).toBeInstanceOf(TierAccessError);
    store.letGo();
    clock.advance(1000);
    await tier.delete(...f1);
    expect(await tier.get(...f1)).toBeUndefined();
    expect(store.names()).toEqual([]);
  });
});

test.each([
  [{ prefix: 'a:b' }, 'prefix'],
  [{ prefix: '' }, 'prefix'],
  [{ maxAge: 0 }, 'maxAge'],
  [{ secret: 'short' }, 'secret'],
  [{ timeout: Number.POSITIVE_INFINITY }, 'timeout'],
  [{ ttl: 5 }, 'ttl'],
])('%j is refused', (options, named) => {
  const wrong = () => keyvTier(new Keyv(), options as object);
  expect(wrong).toThrow(OptionError);
  expect(wrong).toThrow(named);
});

test('what is no Keyv is refused', () => {
  expect(() => keyvTier(new Map() as never)).not.toThrow();
  expect(() => keyvTier('redis://localhost' as never)).toThrow(OptionError);
});
