/** What a record carries through every store, and what it may claim. */

import { brotliCompressSync, constants, crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DiskKeys } from '../../src/tiers/disk/disk-key.ts';
import * as disk from '../../src/tiers/disk/record.ts';
import { identityOf } from '../../src/tiers/identity.ts';
import { LONGEST_PACKED, packed, unpacked } from '../../src/tiers/packing.ts';
import { decodeRecord, encodeRecord, type RecordFormat } from '../../src/tiers/record.ts';
import { decodeBody, encodeFields, FIELDS_BYTES } from '../../src/tiers/record-body.ts';
import type { TierRecord } from '../../src/tiers/tier.ts';
import { record } from '../suites/tier.ts';

const identity = identityOf('f', 'f(1)');
const format: RecordFormat = {
  writer: Buffer.from('12345678'),
  secret: undefined,
  compressAbove: Number.POSITIVE_INFINITY,
};
const generations = Buffer.alloc(16, 7);

const marked = (name: string, ...generation: number[]) => ({
  name,
  generation: new Uint8Array(generation),
});
const tags = Array.from({ length: 128 }, (_, n) =>
  marked(`${n} ${'ā'.repeat(250)}`, 1, 2, 3, 4, 5, 6, 7, n),
);
const full: TierRecord = {
  ...record([...'a text that is compressed'.repeat(20)].map((each) => each.charCodeAt(0))),
  staleFor: 60_000.5,
  wallMs: 20.5,
  renewableFor: 3_600_000,
  computedAt: 1_700_000_000_123,
  tags,
  dependsOn: [marked('f(\ud800)', 9), marked('g#h', ...new Array<number>(16).fill(255))],
  namespace: 'shop é',
};

async function stored(its: TierRecord, own: Partial<RecordFormat> = {}): Promise<Buffer> {
  const { head, body } = await encodeRecord(identity, its, { ...format, ...own });
  return Buffer.concat([head, generations, body]);
}

describe.each<[string, Partial<RecordFormat>]>([
  ['as it is', {}],
  ['signed', { secret: Buffer.from('a secret of enough bytes') }],
  ['compressed', { compressAbove: 0 }],
])('in a store of another owner, %s,', (_, own) => {
  test.each([
    ['all that there may be', full],
    ['only what must be there', record([1, 2, 3])],
    ['a value without an end', { ...full, expiresAt: Number.POSITIVE_INFINITY }],
  ])('%s arrives', async (_, its) => {
    const read = await decodeRecord(identity, await stored(its, own), { ...format, ...own });
    expect(read).toEqual({ ...its, isOwn: true });
  });
});

test('on the disk all that there may be arrives', () => {
  const key = new DiskKeys().key('f', 'f(1)');
  const bytes = disk.encodeRecord(key, full, 1_700_000_000_000.5);
  const read = disk.decodeRecord(key.name, bytes, key);
  expect(read).toEqual({ state: 'sound', record: { ...full, storedAt: 1_700_000_000_000.5 } });
});

test('a record of an earlier format is removed from the disk, and one of a later format is not', () => {
  const key = new DiskKeys().key('f', 'f(1)');
  const withFormat = (number: number) => {
    const bytes = disk.encodeRecord(key, record([1]), 1);
    bytes[4] = number;
    bytes.writeUInt32LE(crc32(bytes.subarray(4), crc32(key.name)), 0);
    return disk.decodeRecord(key.name, bytes, key).state;
  };
  expect([1, 2, 3].map(withFormat)).toEqual(['damaged', 'sound', 'other']);
});

describe('a note that this version does not know', () => {
  const noted = (name: number) => {
    const fields = encodeFields(identity, record([1, 2, 3]));
    fields.writeUInt32LE(5, FIELDS_BYTES - 4);
    const note = Buffer.of(name, 0, 0, 0, 0);
    return decodeBody(Buffer.concat([fields, note, Buffer.of(1, 2, 3)]), 0);
  };

  test('that may be skipped is skipped', () => {
    expect(noted(127)).toMatchObject({ length: 3, bytes: Buffer.of(1, 2, 3) });
  });

  test('that may not makes a miss of the record', () => {
    expect(noted(200)).toBeUndefined();
  });
});

describe('a compressed value', () => {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 1 };
  const zeros = (length: number) => brotliCompressSync(Buffer.alloc(length), { params });
  /** A record that claims to be so long, whatever it is. */
  async function claiming(length: number, bytes: Buffer): Promise<Buffer> {
    const all = await stored({ ...record([]), value: { codec: 9, bytes } });
    const [head, body] = [Buffer.from(all.subarray(0, 4)), Buffer.from(all.subarray(20))];
    head[3] = 2;
    body.writeUInt32LE(length, 4 + 8 + 24);
    body.writeUInt32LE(crc32(body.subarray(4), crc32(head)), 0);
    return Buffer.concat([head, generations, body]);
  }

  test('is what it claims', async () => {
    const read = await decodeRecord(identity, await claiming(5000, zeros(5000)), format);
    expect(read?.value.bytes.length).toBe(5000);
  });

  test.each([
    ['more than it claims', 5000, 5001],
    ['less than it claims', 5001, 5000],
    ['longer than any may be', LONGEST_PACKED + 1, 5000],
    ['gigabytes, as it says', 2 ** 32 - 1, 5000],
  ])('that is %s is a miss', async (_, claimed, actual) => {
    expect(
      await decodeRecord(identity, await claiming(claimed, zeros(actual)), format),
    ).toBeUndefined();
  });

  test('that would be longer than any may be is stored as it is', async () => {
    expect(await packed(new Uint8Array(LONGEST_PACKED + 1))).toBeUndefined();
  });

  test('takes its turn, so that many take no more memory at a time than one may', async () => {
    const ended: number[] = [];
    const reading = [LONGEST_PACKED, 5000, 5001].map(async (length) => {
      const read = await unpacked(zeros(length), length);
      ended.push(read?.length ?? 0);
    });
    await Promise.all(reading);
    expect(ended[0]).toBe(LONGEST_PACKED);
    expect(ended.sort()).toEqual([5000, 5001, LONGEST_PACKED]);
  });
});
