/**
 * Few bytes that claim much. A process of its own with a small heap: each must be refused, or be
 * decoded in proportion to its bytes. Prints what was let through, and the most memory there was.
 */

import { ValueCheck } from '../../build/src/values/check.js';
import { decode } from '../../build/src/values/decode.js';

const PLAIN = 13;
const CLONE = 10;
const REPAIRED = 11;

const latin1 = (text) => Buffer.from(text, 'latin1');
const varint = (number) => {
  const bytes = [];
  for (; number >= 128; number = Math.floor(number / 128)) bytes.push((number % 128) + 128);
  return Buffer.of(...bytes, number);
};
const uint32 = (number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
};
const clone = (...parts) => [CLONE, Buffer.concat([Buffer.of(255, 15), ...parts])];
const plain = (...parts) => [PLAIN, Buffer.concat([...parts, Buffer.of(1, 0, 0, 0, 0)])];
/** The same bytes again and again. */
const times = (count, ...parts) => {
  const once = Buffer.concat(parts);
  return Buffer.alloc(count * once.length, once);
};

const holes = (length) => [latin1('a'), varint(length), latin1('@\0'), varint(length)];
const list = (count, ...item) =>
  clone(latin1('A'), varint(count), times(count, ...item), latin1('$\0'), varint(count));

const bombs = {
  'many arrays of 2^25 holes': list(60, ...holes(2 ** 25)),
  'many arrays of 2^25 + 1 holes': list(60, ...holes(2 ** 25 + 1)),
  'many arrays of 2^32 - 1 holes': list(60, ...holes(2 ** 32 - 1)),
  'arrays in arrays that promise all bytes': clone(times(20_000, latin1('A'), varint(50_000))),
  'a million arrays in each other': clone(times(1_000_000, latin1('A\x01'))),
  'a million maps in each other': clone(times(1_000_000, latin1(';'))),
  'a million errors in each other': clone(times(1_000_000, latin1('rc'))),
  'a text of 4 GB': clone(latin1('"'), varint(2 ** 32 - 1), latin1('abc')),
  'bytes of 4 GB': clone(latin1('B'), varint(2 ** 32 - 1), latin1('abc')),
  'memory that may grow to 4 GB': clone(latin1('~\0'), varint(2 ** 32 - 1)),
  'a view of 2^50 bytes': clone(latin1('\\\x0aUint8Array'), varint(2 ** 50), latin1('abc')),
  'a view class of a long name': clone(latin1('\\'), varint(2 ** 31), latin1('abc')),
  'a bigint of 2^30 bytes': clone(latin1('Z'), varint(2 ** 31), latin1('abc')),
  'a pattern of many groups': clone(
    latin1('R"'),
    varint(100_000),
    latin1('('.repeat(100_000)),
    latin1('\0'),
  ),
  'losses of 2^25 holes': [
    REPAIRED,
    Buffer.concat([Buffer.of(255, 15), latin1('A\x02_'), ...holes(2 ** 25), latin1('$\0\x02')]),
  ],
  'plain arrays in arrays that promise 4,096': plain(
    times(13_000, latin1('\x0d\xff'), uint32(4096)),
  ),
  'plain arrays in a row that promise 4,096': plain(
    latin1('\x0d\xff'),
    uint32(13_000),
    times(13_000, latin1('\x0d\xff'), uint32(4096)),
  ),
  'a million plain arrays in each other': plain(times(1_000_000, latin1('\x0d\x01'))),
  'a plain array of 2^32 - 1': plain(latin1('\x0d\xff'), uint32(2 ** 32 - 1)),
  'a plain object of 2^32 - 1': plain(latin1('\x0e\xff'), uint32(2 ** 32 - 1), latin1('@')),
  'plain numbers, 2^32 - 1': plain(latin1('\x11\xff'), uint32(2 ** 32 - 1), latin1('abc')),
  'a plain view of 4 GB': plain(latin1('\x0cJ\xff'), uint32(2 ** 32 - 1)),
  'texts of 4 GB': [
    PLAIN,
    Buffer.concat([latin1('\x08\xff'), uint32(2 ** 32 - 1), latin1('\x01\xff\xff\xff\xff')]),
  ],
  'nothing at all': [PLAIN, Buffer.alloc(0)],
};

const through = [];
const unchecked = process.argv[2];
for (const [name, [codec, bytes]] of Object.entries(bombs)) {
  if (unchecked !== undefined && name !== unchecked) continue;
  if (unchecked === undefined && !new ValueCheck({ codec, bytes }).step(Number.POSITIVE_INFINITY))
    continue;
  through.push(name);
  decode({ codec, bytes });
}
process.stdout.write(JSON.stringify({ through, maxRss: process.resourceUsage().maxRSS * 1024 }));
