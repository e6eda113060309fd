/** The tier on the disk: what outlives the process, and what may go wrong with a directory. */

import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { open as openLmdb } from 'lmdb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  DiskAccessError,
  DiskFormatError,
  type DiskTier,
  DiskVersionError,
  diskTier,
} from '../../build/src/disk.js';
import { OptionError } from '../../build/src/index.js';
import { Codec } from '../../build/src/protocol.js';
import { DiskKeys } from '../../build/src/tiers/disk/disk-key.js';
import { openDiskTier } from '../../build/src/tiers/disk/disk-tier.js';
import { decodeRecord, encodeRecord } from '../../build/src/tiers/disk/record.js';
import { inFull } from '../effort.ts';
import { FakeClock } from '../fake-clock.ts';
import { removeFolder } from '../remove-folder.ts';
import { record, tierSuite } from '../suites/tier.ts';

let path: string;
const opened: DiskTier[] = [];

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'threadmemo-disk-'));
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((tier) => tier.close()));
  await removeFolder(path);
});

function open(options: object = {}, clock?: FakeClock): DiskTier {
  const given = { path, ...options };
  const tier = clock ? openDiskTier(given, clock) : diskTier(given);
  opened.push(tier);
  return tier;
}

async function reopen(tier: DiskTier, options: object = {}): Promise<DiskTier> {
  await tier.close();
  return open(options);
}

function thrownBy(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was accepted');
}

const bytesOf = (size: number, seed = 1) =>
  Array.from({ length: size }, (_, at) => (at * seed) % 251);

tierSuite('diskTier', () => open());

describe('what is stored', () => {
  test('is there when the directory is opened again', async () => {
    const tier = open();
    const never = { ...record([1, 2, 3], 'clone'), expiresAt: Number.POSITIVE_INFINITY, ms: 0.25 };
    await tier.set('f', 'f(1)', never);
    await tier.set('f', 'f(2)', record([], 'null'));
    const again = await reopen(tier);
    expect(await again.get('f', 'f(1)')).toEqual(never);
    expect(await again.get('f', 'f(2)')).toEqual(record([], 'null'));
  });

  test('is found by another tier on the same directory at once', async () => {
    const [one, other] = [open(), open()];
    await one.set('f', 'f(1)', record([1]));
    expect(await other.get('f', 'f(1)')).toEqual(record([1]));
  });

  test.runIf(inFull)('owns its memory, however large: it is posted to threads', async () => {
    const tier = open();
    for (const size of [1, 5000, 40_000, 20_000_000]) {
      const value = { codec: Codec.uint8array, bytes: new Uint8Array(size).fill(size) };
      await tier.set('f', 'f(1)', { ...record([]), value });
      const bytes = (await tier.get('f', 'f(1)'))?.value.bytes as Uint8Array;
      await tier.get('f', 'f(1)');
      expect([bytes.length, bytes.buffer.byteLength, bytes.at(-1)]).toEqual([
        size,
        size,
        size % 256,
      ]);
    }
  });

  test('is told apart by the whole key', async () => {
    const long = 'x'.repeat(3000);
    const keys = ['f(1)', '(1)', 'f(\ud800)', 'f(\udc00)', 'f(\ufffd)', 'f(é)', `f(${long}1)`];
    keys.push(`f(${long}2)`, `f(\u0100${long})`, 'ff(1)');
    const names = keys.flatMap((key) => ['f', 'ff', '\ud800', '\ufffd'].map((fn) => [fn, key]));
    const tier = open();
    await Promise.all(
      names.map(([fn, key], at) => tier.set(fn as string, key as string, record([at]))),
    );
    const read = names.map(async ([fn, key]) => tier.get(fn as string, key as string));
    expect(await Promise.all(read)).toEqual(names.map((_, at) => record([at])));
    expect((await tier.stats()).entries).toBe(names.length);
  });

  test('is not returned when its time has come, and is removed', async () => {
    const clock = new FakeClock();
    const tier = open({}, clock);
    await tier.set('f', 'f(1)', { ...record([1]), expiresAt: clock.date() + 1000 });
    clock.advance(999);
    expect(await tier.get('f', 'f(1)')).toBeDefined();
    clock.advance(1);
    expect(await tier.get('f', 'f(1)')).toBeUndefined();
    expect(await (await reopen(tier)).stats()).toMatchObject({ entries: 0 });
  });

  test('is written when close settles, whether a caller waits for it or not', async () => {
    const tier = open();
    const writes = [1, 2, 3].map((n) => tier.set('f', `f(${n})`, record([n])));
    await tier.close();
    await Promise.all(writes);
    expect(await open().get('f', 'f(3)')).toEqual(record([3]));
  });
});

describe('limits', () => {
  const minute = 60_000;

  async function fill(tier: DiskTier, clock: FakeClock, count: number, size = 10): Promise<void> {
    for (let n = 0; n < count; n++) {
      await tier.set('f', `f(${n})`, record(bytesOf(size)));
      clock.advance(minute);
    }
  }

  async function left(tier: DiskTier, count: number): Promise<number[]> {
    const numbers = Array.from({ length: count }, (_, n) => n);
    const found = await Promise.all(numbers.map((n) => tier.get('f', `f(${n})`)));
    return numbers.filter((n) => found[n]);
  }

  test('what was not used for longest goes first', async () => {
    const clock = new FakeClock();
    const tier = open({}, clock);
    await fill(tier, clock, 10);
    for (const n of [0, 3]) await tier.get('f', `f(${n})`);
    expect(await tier.prune({ maxEntries: 4 })).toEqual({ entries: 6 });
    expect(await left(tier, 10)).toEqual([0, 3, 8, 9]);
  });

  test('a use is remembered by the next process', async () => {
    const clock = new FakeClock();
    const tier = open({}, clock);
    await fill(tier, clock, 5);
    await tier.get('f', 'f(1)');
    const again = await reopen(tier, { maxEntries: 2 });
    await again.prune();
    expect(await left(again, 5)).toEqual([1, 4]);
  });

  test('maxEntries holds by itself', async () => {
    const clock = new FakeClock();
    const tier = open({ maxEntries: 3 }, clock);
    await fill(tier, clock, 20);
    await expect.poll(() => left(tier, 20)).toEqual([17, 18, 19]);
  });

  test.runIf(inFull)('maxSize holds, for small and for large values', async () => {
    const clock = new FakeClock();
    const tier = open({ maxSize: '500kb' }, clock);
    await fill(tier, clock, 600, 1500);
    await fill(tier, clock, 20, 60_000);
    await tier.prune();
    const { size, bytes } = await tier.stats();
    expect(size).toBeLessThanOrEqual(500 * 1024);
    expect(bytes).toBeGreaterThan(250 * 1024);
  });

  test('a record larger than all there may be takes nothing else with it than must go', async () => {
    const tier = open({ maxSize: 20_000 });
    await tier.set('f', 'f(1)', record(bytesOf(100_000)));
    await tier.prune();
    expect((await tier.stats()).entries).toBe(0);
    await tier.set('f', 'f(2)', record([2]));
    await tier.prune();
    expect(await tier.get('f', 'f(2)')).toEqual(record([2]));
  });

  test('maxAge counts from when it was stored', async () => {
    const clock = new FakeClock();
    const tier = open({ maxAge: '5m' }, clock);
    await fill(tier, clock, 5);
    for (let n = 0; n < 5; n++) await tier.get('f', `f(${n})`);
    clock.advance(2 * minute + 1);
    expect(await left(tier, 5)).toEqual([3, 4]);
    await tier.prune({ maxAge: '4m' });
    expect(await left(tier, 5)).toEqual([4]);
  });

  test('a new record under an old name is not taken for the old one', async () => {
    const clock = new FakeClock();
    const tier = open({ maxEntries: 2 }, clock);
    await fill(tier, clock, 2);
    await Promise.all([
      tier.set('f', 'f(0)', record([100])),
      tier.set('f', 'f(2)', record([2])),
      tier.prune(),
    ]);
    await tier.prune();
    expect(await tier.get('f', 'f(0)')).toEqual(record([100]));
  });
});

test('stats count by function, over processes', async () => {
  const clock = new FakeClock();
  const start = clock.date();
  const tier = open({}, clock);
  await tier.set('a#f', 'a#f(1)', record(bytesOf(100)));
  clock.advance(1000);
  await tier.set('a#f', 'a#f(2)', record(bytesOf(100)));
  await tier.set('a#\u2192', 'a#\u2192(1)', record([1]));
  for (let n = 0; n < 3; n++) await tier.get('a#f', 'a#f(1)');
  const { functions, ...all } = await (await reopen(tier)).stats();
  expect(all).toMatchObject({ entries: 3, damaged: 0, failures: 0 });
  expect(all.size).toBeLessThanOrEqual(all.fileSize);
  expect(Object.keys(functions).sort()).toEqual(['a#f', 'a#\u2192']);
  const f = functions['a#f'];
  expect(f).toMatchObject({ entries: 2, hits: 3, ms: 25 });
  expect(f?.bytes).toBeGreaterThan(200);
  expect(f?.bytes).toBeLessThan(400);
  expect(Math.floor(f?.oldest ?? 0)).toBe(start);
  expect(Math.floor(f?.newest ?? 0)).toBe(start + 1000);
});

test('a function that another tier has cleared is known by its name when it stores again', async () => {
  const [tier, other] = [open(), open()];
  await tier.set('f', 'f(1)', record([1]));
  await other.clear();
  await tier.set('f', 'f(2)', record([2]));
  expect(Object.keys((await other.stats()).functions)).toEqual(['f']);
  await other.clear('f');
  const answer = await tier.lease('f', 'f(3)');
  if (answer.state !== 'granted') throw new Error(answer.state);
  await answer.lease.store(record([3]));
  expect(Object.keys((await other.stats()).functions)).toEqual(['f']);
});

test('a name is cleared with all its versions, and a version alone', async () => {
  const tier = open();
  const ids = ['f', 'f@1', 'f@2', 'f@22', 'ff', 'ff@1', 'g@f@1'];
  for (const id of ids) await tier.set(id, `${id}(1)`, record([1]));
  const there = async () => Object.keys((await tier.stats()).functions).sort();
  await tier.clear('f@2');
  expect(await there()).toEqual(['f', 'f@1', 'f@22', 'ff', 'ff@1', 'g@f@1']);
  await tier.clear('f');
  expect(await there()).toEqual(['ff', 'ff@1', 'g@f@1']);
  expect(await tier.verify()).toEqual({ sound: 3, damaged: 0, mended: 0 });
});

test('a function with more entries than one step is cleared, and no other', async () => {
  const tier = open();
  const numbers = Array.from({ length: 400 }, (_, n) => n);
  await Promise.all(numbers.map((n) => tier.set('f', `f(${n})`, record([1]))));
  await tier.set('g', 'g(1)', record([1]));
  await tier.clear('f');
  expect(Object.keys((await tier.stats()).functions)).toEqual(['g']);
  expect(await tier.verify()).toEqual({ sound: 1, damaged: 0, mended: 0 });
});

describe('damage', () => {
  /** lmdb as it is, to do what a tier does not. */
  function raw(name: 'records' | 'index' | 'order') {
    const root = openLmdb({ path, noSubdir: false, encoding: 'binary' });
    const useVersions = name === 'records';
    const options = { encoding: 'binary', keyEncoding: 'binary', useVersions } as const;
    return { root, table: root.openDB<Buffer, Buffer>(name, options) };
  }

  test('any bit of a record that has changed is noticed', () => {
    const key = new DiskKeys().key('f', 'f(1)');
    const sound = encodeRecord(key, record([1, 2, 3]), 1_700_000_000_000);
    expect(decodeRecord(key.name, sound, key).state).toBe('sound');
    for (let bit = 0; bit < sound.length * 8; bit++) {
      const damaged = Buffer.from(sound);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(decodeRecord(key.name, damaged, key).state).toBe('damaged');
    }
    for (let size = 0; size < sound.length; size++) {
      expect(decodeRecord(key.name, sound.subarray(0, size), key).state).toBe('damaged');
    }
    const another = new DiskKeys().key('f', 'f(2)');
    expect(decodeRecord(another.name, sound, another).state).toBe('damaged');
  });

  test('a damaged record is a miss, is counted, and is removed', async () => {
    const tier = open();
    await tier.set('f', 'f(1)', record([1, 2, 3]));
    const { root, table } = raw('records');
    for (const { key, value, version } of [...table.getRange({ versions: true })]) {
      const damaged = Buffer.from(value);
      damaged[20] = 99;
      await table.put(Buffer.from(key), damaged, version as number);
    }
    await root.close();
    expect(await tier.get('f', 'f(1)')).toBeUndefined();
    expect(await tier.stats()).toMatchObject({ damaged: 1 });
    expect(await (await reopen(tier)).stats()).toMatchObject({ entries: 0 });
  });

  test('verify removes what is damaged, and puts back what the index has lost', async () => {
    const tier = open();
    for (const n of [1, 2, 3, 4]) await tier.set('f', `f(${n})`, record([n]));
    const { root, table } = raw('records');
    const names = Array.from(table.getKeys(), (key) => Buffer.from(key));
    await table.put(names[0] as Buffer, Buffer.from('nonsense'), 1);
    await root.openDB('index', { keyEncoding: 'binary' }).remove(names[1] as Buffer);
    await root.close();
    expect(await tier.verify()).toEqual({ sound: 2, damaged: 1, mended: 1 });
    expect(await tier.verify()).toEqual({ sound: 3, damaged: 0, mended: 0 });
    expect(await tier.prune({ maxEntries: 0 })).toEqual({ entries: 3 });
  });

  test('an index that is wrong does not keep entries from being evicted', async () => {
    const tier = open();
    for (const n of [1, 2, 3]) await tier.set('f', `f(${n})`, record([n]));
    const { root, table } = raw('index');
    for (const { key, value } of [...table.getRange()]) {
      const wrong = Buffer.from(value);
      wrong.writeDoubleLE(1, 16);
      await table.put(Buffer.from(key), wrong);
    }
    await root.close();
    await tier.prune({ maxEntries: 1 });
    expect((await tier.verify()).sound).toBe(1);
  });
});

describe('opening refuses', () => {
  const size = "bytes, or text such as '64kb', '256mb' or '2gb'";
  test.each([
    ['path', undefined, 'undefined', 'the path of a directory, or a file: URL of one'],
    ['path', '', "''", 'the path of a directory'],
    ['path', new URL('https://a.b/c'), 'https://a.b/c', 'a file: URL'],
    ['maxSize', 'much', "'much'", size],
    ['maxSize', -1, '-1', size],
    ['maxEntries', 1.5, '1.5', 'a whole number from 0 up'],
    ['maxAge', 'old', "'old'", "milliseconds, or text such as '500ms'"],
  ])('%s: %o', (option, value, shown, right) => {
    const error = thrownBy(() => open({ [option]: value }));
    expect(error).toBeInstanceOf(OptionError);
    for (const part of [option, shown, right]) expect(error.message).toContain(part);
  });

  test('an option that there is not', () => {
    const { message } = thrownBy(() => open({ maxsize: 1 }));
    expect(message).toMatch(/^diskTier has no option 'maxsize'; it has path, maxSize/);
  });

  test('a path that is a file', async () => {
    const file = join(path, 'file');
    await writeFile(file, 'mine');
    for (const given of [file, join(file, 'below')]) {
      const error = thrownBy(() => open({ path: given }));
      expect(error).toBeInstanceOf(DiskAccessError);
      expect(error.message).toMatch(/must be a directory .*(EEXIST|ENOTDIR)/);
    }
    expect(await readFile(file, 'utf8')).toBe('mine');
  });

  /** As a user whom permissions bind, root being allowed everything, once all is loaded. */
  test('a directory that may not be written', async () => {
    const closed = join(path, 'closed');
    await mkdir(closed, { mode: 0o555 });
    await chmod(path, 0o755);
    const program = `
      import { diskTier } from ${JSON.stringify(new URL('../../dist/src/disk.js', import.meta.url).href)};
      await diskTier({ path: ${JSON.stringify(join(path, 'open'))} }).close();
      if (process.getuid?.() === 0) {
        process.setgid(65_534);
        process.setuid(65_534);
      }
      try { diskTier({ path: ${JSON.stringify(closed)} }); }
      catch (error) { console.log(error.name, error.code, error.message); }`;
    const args = ['--input-type=module', '--eval', program];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^DiskAccessError ERR_THREADMEMO_DISK_ACCESS .*read and write/);
  });

  test.each([
    ['of text', Buffer.from('a text file that a user has called so\n'.repeat(500))],
    ['of zeros', Buffer.alloc(20_000)],
    ['of noise', Buffer.from(bytesOf(20_000, 97))],
    ['of one byte', Buffer.of(1)],
  ])('a file %s, and leaves it alone', async (_, content) => {
    await writeFile(join(path, 'data.mdb'), content);
    const error = thrownBy(() => open());
    expect(error).toBeInstanceOf(DiskFormatError);
    expect(error.message).toMatch(/data\.mdb is damaged, or was not made by threadmemo/);
    expect(await readdir(path)).toEqual(['data.mdb']);
    expect(await readFile(join(path, 'data.mdb'))).toEqual(content);
  });

  test("another program's database, and leaves it alone", async () => {
    const root = openLmdb({ path, noSubdir: false });
    await root.openDB('users', {}).put('me', 'mine');
    await root.close();
    const before = await readFile(join(path, 'data.mdb'));
    const error = thrownBy(() => open());
    expect(error).toBeInstanceOf(DiskFormatError);
    expect(error.message).toMatch(/another program's: it holds users/);
    expect(await readFile(join(path, 'data.mdb'))).toEqual(before);
  });

  test('what a newer threadmemo has made, and leaves it alone', async () => {
    await open().close();
    const root = openLmdb({ path, noSubdir: false });
    await root.openDB('threadmemo', { encoding: 'json' }).put('format', 2);
    await root.close();
    const error = thrownBy(() => open());
    expect(error).toBeInstanceOf(DiskVersionError);
    expect(error.message).toMatch(/has format 2, and this threadmemo knows 1/);
  });

  test('a file that was cut short', async () => {
    const tier = open();
    await tier.set('f', 'f(1)', record(bytesOf(10_000)));
    await tier.close();
    const file = join(path, 'data.mdb');
    const whole = await readFile(file);
    for (const size of [1, 5000, 9000, 13_000]) {
      await writeFile(file, whole.subarray(0, size));
      expect(thrownBy(() => open())).toBeInstanceOf(DiskFormatError);
    }
    expect((await stat(file)).size).toBe(13_000);
  });
});

test('a directory is made, and may be given as a URL', async () => {
  const below = join(path, 'a.b', 'c');
  await open({ path: pathToFileURL(below) }).close();
  expect(await readdir(below)).toContain('data.mdb');
});

test('a closed tier says so', async () => {
  const tier = open();
  await tier.close();
  await tier.close();
  await expect(tier.get('f', 'f(1)')).rejects.toThrow(DiskAccessError);
  await expect(tier.set('f', 'f(1)', record([1]))).rejects.toThrow(/was closed/);
});
