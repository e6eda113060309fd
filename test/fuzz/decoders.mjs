/**
 * Values and records, mutated under right checksums, and random bytes: what the checks say of them
 * is compared with what decoding them does. A process of its own with a small heap, where a crash is
 * seen: `node decoders.mjs <seed> <cases>`.
 *
 * What the checks let through must be decoded, to a value, with memory in proportion to its bytes; what
 * they refuse is never decoded; nothing is thrown; and what was encoded must get through.
 */

import { crc32 } from 'node:zlib';
import { DiskKeys } from '../../build/src/tiers/disk/disk-key.js';
import * as disk from '../../build/src/tiers/disk/record.js';
import { identityOf } from '../../build/src/tiers/identity.js';
import * as memcached from '../../build/src/tiers/memcached/item.js';
import { decodeRecord, encodeRecord } from '../../build/src/tiers/record.js';
import { ValueCheck } from '../../build/src/values/check.js';
import { decode } from '../../build/src/values/decode.js';
import { encode } from '../../build/src/values/encode.js';
import { deepFreeze } from '../../build/src/values/frozen.js';
import { mutationsFrom, randomFrom, valuesFrom } from './random.mjs';

const [seed = '1', cases = '1000'] = process.argv.slice(2);
const source = randomFrom(Number(seed));
const { random, below } = source;
const value = valuesFrom(source);
const mutated = mutationsFrom(source);
const counts = { sound: 0, refused: 0, records: 0 };

function fail(what, { codec, bytes }, error) {
  const base64 = Buffer.from(bytes).toString('base64');
  process.stdout.write(`${JSON.stringify({ what, seed, codec, base64, error: String(error) })}\n`);
  process.exitCode = 1;
}

function isSound(encoded) {
  const check = new ValueCheck(encoded);
  for (;;) {
    const result = check.step(1 + below(50));
    if (result !== undefined) return result;
  }
}

/** As a reader does it, `values: 'frozen'` included. */
function tryOut(encoded) {
  if (!isSound(encoded)) {
    counts.refused++;
    return;
  }
  counts.sound++;
  try {
    deepFreeze(decode(encoded));
  } catch (error) {
    fail('what was let through cannot be decoded', encoded, error);
  }
}

const identity = identityOf('f', 'f(1)');
const key = new DiskKeys().key('f', 'f(1)');
const format = { writer: Buffer.alloc(8), secret: undefined, compressAbove: 40 };
const generation = Buffer.alloc(8, 1);

function recordOf(its) {
  const tag = { name: 'a tag', generation };
  const may = (more) => (random() < 0.3 ? more : {});
  return {
    value: its,
    expiresAt: 4e12,
    ms: 12.5,
    ...may({ staleFor: 5, wallMs: 13 }),
    ...may({ renewableFor: 100 }),
    ...may({ computedAt: 1e12 }),
    ...may({ tags: [tag, tag], dependsOn: [tag] }),
    ...may({ namespace: 'shop' }),
  };
}

/** What a decoder makes of a record whose checksum is right. */
const decoders = {
  async disk(its, other) {
    const bytes = disk.encodeRecord(key, recordOf(its), 1e12);
    const changed = Buffer.concat([Buffer.alloc(4), mutated(bytes.subarray(4), other)]);
    changed.writeUInt32LE(crc32(changed.subarray(4), crc32(key.name)));
    const read = disk.decodeRecord(key.name, changed, below(2) ? key : undefined);
    return read.state === 'sound' ? read.record : undefined;
  },
  async elsewhere(its, other) {
    const { head, body } = await encodeRecord(identity, recordOf(its), format);
    const changed = Buffer.concat([Buffer.alloc(4), mutated(body.subarray(4), other)]);
    changed.writeUInt32LE(crc32(changed.subarray(4), crc32(head)));
    return decodeRecord(identity, Buffer.concat([head, generation, generation, changed]), format);
  },
  async memcached(its, other) {
    const { head, body } = await encodeRecord(identity, recordOf(its), format);
    const generations = Buffer.concat([generation, generation]);
    const record = Buffer.concat([head, generations, body]);
    const bytes = memcached.encodeItem('n', { generations, record, left: 5000 }, 60);
    const changed = Buffer.from(mutated(bytes, other));
    if (changed.length >= 56) {
      changed.writeUInt32LE(crc32(changed.subarray(8, 56), crc32('n', changed[3])), 4);
    }
    const item = memcached.decodeItem('n', changed, 30);
    return item?.record && decodeRecord(identity, item.record, format);
  },
};

async function tryRecord(name, its, other) {
  try {
    const record = await decoders[name](its, other);
    if (!record) return;
    counts.records++;
    const { codec, bytes } = record.value;
    tryOut({ codec, bytes });
  } catch (error) {
    fail(`a decoder of records throws: ${name}`, its, error);
  }
}

let other = Buffer.alloc(4);
for (let n = 0; n < Number(cases); n++) {
  const encoded = encode(value(), 'value');
  if (!isSound(encoded)) fail('a value is refused', encoded);
  for (let m = 0; m < 8; m++) {
    const codec = random() < 0.05 ? below(15) : encoded.codec;
    tryOut({ codec, bytes: mutated(encoded.bytes, other) });
  }
  const noise = Uint8Array.from({ length: below(60) }, () => below(256));
  tryOut({ codec: below(15), bytes: noise });
  for (const name of Object.keys(decoders)) await tryRecord(name, encoded, other);
  other = Buffer.from(encoded.bytes);
}
process.stdout.write(`${JSON.stringify(counts)}\n`);
