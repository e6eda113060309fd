/** Bytes that should be shared are copied, go away under their readers, or are another caller's. */

import { createHash, webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createPool, mapTier, type Tier, ValueError } from 'threadmemo';
import { describe, expect, onTestFinished, test } from 'vitest';
import { inFull, variants } from '../effort.ts';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import {
  copies,
  KIB,
  look,
  type Making,
  MIB,
  type Seen,
  seesForked,
  seesShared,
  seesSync,
  shares,
  sharesOne,
  writes,
} from '../fixtures/large-values.ts';
import { open, openForAll, rejection } from './open.ts';

/** `[near, shared, memory]` hits that each step has had. */
function steps({ hits }: Seen): (readonly number[])[] {
  return hits.slice(1).map(({ near, shared, memory }, at) => {
    const before = hits[at] ?? { near: 0, shared: 0, memory: 0 };
    return [near - before.near, shared - before.shared, memory - before.memory];
  });
}

describe('bytes on their way out', () => {
  openForAll({ threads: 1 });

  test("the web's functions have them whole from a copy, which is one call", async () => {
    const view = await sharesOne(5000);
    const whole = Buffer.alloc(5000, 7);
    expect(view.buffer).toBeInstanceOf(SharedArrayBuffer);
    const copy = Buffer.from(view);
    expect(copy.buffer).toBeInstanceOf(ArrayBuffer);
    expect(Buffer.from(await new Response(copy).arrayBuffer())).toEqual(whole);
    expect((await webcrypto.subtle.digest('SHA-256', copy)).byteLength).toBe(32);
  });

  test("Node's own functions take the view", async () => {
    const view = await sharesOne(5000);
    const whole = Buffer.alloc(5000, 7);
    expect(gunzipSync(gzipSync(view))).toEqual(whole);
    expect(createHash('sha256').update(view).digest()).toEqual(
      createHash('sha256').update(whole).digest(),
    );
    const folder = mkdtempSync(join(tmpdir(), 'threadmemo-shared-'));
    await writeFile(join(folder, 'bytes'), view);
    expect(await readFile(join(folder, 'bytes'))).toEqual(whole);
    rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 10 });
    const server = createServer((_, response) => response.end(view)).listen(0);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://localhost:${port}`);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(whole);
    server.close();
    server.closeAllConnections();
  });
});

describe('every caller has a view of shared memory', () => {
  openForAll({ threads: 2 });
  const cases: [Making, ReturnType<typeof look>][] = [
    ['buffer', { name: 'Buffer', shared: true, byteOffset: 0, length: 3, memory: 3 }],
    ['bytes', { name: 'Uint8Array', shared: true, byteOffset: 0, length: 3, memory: 3 }],
    ['slice', { name: 'Buffer', shared: true, byteOffset: 0, length: 10, memory: 10 }],
    ['empty buffer', { name: 'Buffer', shared: true, byteOffset: 0, length: 0, memory: 0 }],
    ['no bytes', { name: 'Uint8Array', shared: true, byteOffset: 0, length: 0, memory: 0 }],
    ['large', { name: 'Buffer', shared: true, byteOffset: 0, length: MIB, memory: MIB }],
    ['huge', { name: 'Uint8Array', shared: true, byteOffset: 0, length: 5 * MIB, memory: 5 * MIB }],
    ['shared before', { name: 'Uint8Array', shared: true, byteOffset: 0, length: 5, memory: 5 }],
  ];

  test.each(cases)('%s: on the main thread, and in a thread', async (what, looks) => {
    const cell = fresh('view');
    const [one, other] = await Promise.all([shares(what, cell), shares(what, cell)]);
    expect(look(one)).toEqual(looks);
    expect(one === other).toBe(true);
    expect(shares.peek(what, cell) === one).toBe(true);
    expect((await shares(what, cell)) === one).toBe(true);
    expect(Buffer.from(one).equals(Buffer.from(await copyOf(what, cell)))).toBe(true);
    expect(await seesShared(what, cell)).toMatchObject({ objects: 1, looks });
    expect(counted(cell)).toBe(1);
  });

  test.each(cases)('%s: in the thread that has called first', async (what, looks) => {
    const cell = fresh('view');
    expect(await seesShared(what, cell)).toMatchObject({ objects: 1, looks });
    expect(look(await shares(what, cell))).toEqual(looks);
    expect(counted(cell)).toBe(1);
  });

  test('it is the same memory in all threads', async () => {
    const cell = fresh('same');
    const view = await shares('bytes', cell);
    expect(await writes('bytes', cell, 50)).toBe(1);
    expect([...view]).toEqual([50, 2, 3]);
    view[0] = 60;
    const both = await Promise.all([writes('bytes', cell, 70), writes('bytes', cell, 70)]);
    expect(both[0] === 60 || both[1] === 60).toBe(true);
    expect([...view]).toEqual([70, 2, 3]);
    expect(counted(cell)).toBe(1);
  });

  test('primitives are what they are', async () => {
    const cell = fresh('primitive');
    expect(await shares('text', cell)).toBe('abc');
    expect(await shares('nothing', cell)).toBe(undefined);
    expect(await shares('large text', cell)).toBe('x'.repeat(100 * KIB));
    expect(await seesShared('large text', cell)).toMatchObject({ objects: 1, looks: 'string' });
    expect(counted(cell)).toBe(3);
  });
});

/** The bytes that were made, by a function that shares nothing. */
async function copyOf(what: Making, cell: string): Promise<Uint8Array> {
  return what === 'shared before'
    ? new Uint8Array(5).fill(7)
    : copies(what, `${cell} for comparison`);
}

describe('it stays valid as long as the caller holds it', () => {
  test('when it is invalidated and evicted, and its memory would be used again', async () => {
    const pool = await open({ threads: 1, maxSize: 16 * MIB });
    const cell = fresh('valid');
    const [small, large] = [await shares('bytes', cell), await shares('large', cell)];
    await shares.invalidate('bytes', cell);
    expect(shares.has('large', cell)).toBe(true);
    // What took long to compute is kept longer: on a busy machine that may be any of them.
    for (let n = 0; n < 20 || shares.has('large', cell); n++) await sharesOne(MIB + n);
    expect([shares.has('bytes', cell), shares.has('large', cell)]).toEqual([false, false]);
    expect(pool.stats().memory.used).toBeLessThanOrEqual(16 * MIB);
    expect([...small]).toEqual([1, 2, 3]);
    expect(large.length === MIB && large.every((byte) => byte === 7)).toBe(true);
    // And the next value is another one.
    const next = await shares('bytes', cell);
    expect([next === small, next.buffer === small.buffer]).toEqual([false, false]);
  });

  test('when the pool is closed', async () => {
    const pool = await createPool({ threads: 1 });
    onTestFinished(() => pool.close());
    const large = await shares('large', fresh('closed'));
    await pool.close();
    expect(large.every((byte) => byte === 7)).toBe(true);
  });

  test('counted by maxSize while the entry is kept', async () => {
    const pool = await open({ threads: 1 });
    const { used } = pool.stats().memory;
    await sharesOne(3 * MIB);
    expect(pool.stats().memory.used - used).toBeGreaterThanOrEqual(3 * MIB);
    expect(sharesOne.stats().bytes).toBeGreaterThanOrEqual(3 * MIB);
  });
});

describe('hits', () => {
  test('on the main thread the second one is near', async () => {
    await open({ threads: 1 });
    const view = await sharesOne(MIB);
    for (let n = 0; n < 3; n++) expect((await sharesOne(MIB)) === view).toBe(true);
    expect(sharesOne.stats().hitsIn).toEqual({ near: 2, shared: 1, memory: 0, tiers: 0 });
  });

  test('in a thread, the first one costs one message', async () => {
    await open({ threads: 2 });
    const [cell, gate] = [fresh('hits'), fresh('gate')];
    const seen = seesShared('large', cell, gate);
    await reaches(`${gate}:holds`, 1);
    await shares('large', cell);
    lift(gate);
    const { thread, ...rest } = await seen;
    expect(counted(`${cell}:${thread}`)).toBe(0);
    expect(rest.objects).toBe(1);
    // Called, peeked (which counts nothing, but puts it near), and called twice.
    expect(steps({ thread, ...rest })).toEqual([
      [0, 0, 1],
      [0, 0, 0],
      [1, 0, 0],
      [1, 0, 0],
    ]);
  });

  test('in the thread that has computed it none costs a message', async () => {
    await open({ threads: 1 });
    const cell = fresh('hits');
    await shares('large', cell);
    const seen = await seesShared('large', cell);
    expect(counted(`${cell}:${seen.thread}`)).toBe(1);
    expect(steps(seen).map(([, , memory]) => memory)).toEqual([0, 0, 0, 0]);
  });

  test.runIf(inFull)('sync, fork and map give the same view', async () => {
    await open({ threads: 1 });
    const view = await sharesOne(2 * MIB);
    const looks = look(view);
    expect(await seesSync(2 * MIB)).toMatchObject({ ...looks, objects: 1 });
    expect(await seesForked(2 * MIB)).toMatchObject({ ...looks, objects: 1 });
    expect(await seesSync(123)).toMatchObject({ objects: 1, shared: true, length: 123 });
    for await (const each of sharesOne.map([2 * MIB])) expect(each === view).toBe(true);
    expect(sharesOne.stats().computations).toBe(2);
  });

  test('forceRefresh: another one', async () => {
    await open({ threads: 1 });
    const cell = fresh('refresh');
    const old = await shares('bytes', cell);
    old[0] = 9;
    const next = await shares.with({ forceRefresh: true })('bytes', cell);
    expect([...next]).toEqual([1, 2, 3]);
    expect((await shares('bytes', cell)) === next).toBe(true);
  });
});

describe('from a tier', () => {
  /** Hands out records as one that is read from a disk would be. */
  function copying(records = mapTier()): Tier {
    const get: Tier['get'] = async (fn, key) => {
      const record = await records.get(fn, key);
      const { codec, bytes } = record?.value ?? { codec: 0, bytes: new Uint8Array() };
      return record && { ...record, value: { codec, bytes: new Uint8Array(bytes) } };
    };
    return { ...records, get };
  }

  test.each(variants<Making>(['bytes', 'large text', 'empty buffer', 'large', 'huge'], 1))(
    '%s',
    async (what) => {
      const [tiers, cell] = [[copying()], fresh('tier')];
      const first = await createPool({ threads: 1, tiers });
      const made = await shares(what, cell);
      await first.close();

      await open({ threads: 2, tiers });
      const view = await shares(what, cell);
      expect(typeof view === 'string' || look(view).shared).toBe(true);
      expect(Buffer.from(view).equals(Buffer.from(made))).toBe(true);
      expect((await shares(what, cell)) === view).toBe(true);
      const seen = await seesShared(what, cell);
      expect(seen.objects).toBe(1);
      expect(seen.looks).toEqual(typeof view === 'string' ? 'string' : look(view));
      expect(counted(cell)).toBe(1);
    },
  );

  test.runIf(inFull)(
    'what was stored while the function had other values is a copy for each',
    async () => {
      const [records, cell] = [mapTier(), fresh('older')];
      const first = await createPool({ threads: 1, tiers: [records] });
      await copies('list', cell);
      await first.close();
      const key = shares.key('list', cell);
      const { get } = records;
      const asOther: Tier = { ...records, get: (_, of) => (of === key ? older : get(_, of)) };
      const older = get(copies.id, copies.key('list', cell));
      await open({ threads: 1, tiers: [asOther] });
      const [one, other] = [await shares('list', cell), await shares('list', cell)];
      expect([one, other]).toEqual([
        [1, 2, 3],
        [1, 2, 3],
      ]);
      expect(one === other).toBe(false);
    },
  );
});

describe('what is not bytes', () => {
  openForAll({ threads: 1 });

  test.each<[Making, message: RegExp]>([
    ['list', /result is an instance of Array, and values: 'shared' is for bytes. Return a Buffer/],
    ['words', /result is an instance of Uint16Array, and values: 'shared' is for bytes/],
    ['function', /result is a function, and values: 'shared' is for bytes/],
    ['can grow', /result is a view of a resizable ArrayBuffer. Return a copy of fixed length/],
    ['named', /result is a Buffer with/],
  ])('%s: refused for every caller, with the reason', async (what, message) => {
    const cell = fresh('refused');
    const got = await Promise.all([
      rejection(shares(what, cell)),
      rejection(shares(what, cell)),
      rejection(seesShared(what, cell)),
    ]);
    for (const error of got) {
      expect(error).toBeInstanceOf(ValueError);
      expect(error).toMatchObject({ functionId: shares.id, path: 'result' });
      expect(error.message).toMatch(message);
      expect(error.message).toContain(`${shares.id}: `);
    }
    expect(shares.has(what, cell)).toBe(false);
  });
});
