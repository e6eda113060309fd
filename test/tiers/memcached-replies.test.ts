/** What memcached answers, in whatever pieces it arrives. */

import { expect, test } from 'vitest';
import { ReplyReader, ServerError } from '../../src/tiers/memcached/replies.ts';

const value = Buffer.from('HD\r\nEN\r\n\0\xff', 'latin1');
const replies = Buffer.concat([
  Buffer.from('HD c17\r\nEN\r\nVA 10 c5 t-1\r\n'),
  value,
  Buffer.from('\r\nSERVER_ERROR out of memory storing object\r\nVA 0 t3\r\n\r\nVA 10\r\n'),
  value,
  Buffer.from('\r\n'),
]);

test('each reply is read as soon as its last byte is there, and not before', () => {
  for (let size = 1; size <= replies.length; size++) {
    const reader = new ReplyReader();
    const read = [];
    for (let at = 0; at < replies.length; at += size) {
      read.push(...reader.push(replies.subarray(at, at + size)));
    }
    expect(read.map((each) => (each instanceof ServerError ? each.message : each.code))).toEqual([
      ...['HD', 'EN', 'VA', 'SERVER_ERROR out of memory storing object', 'VA', 'VA'],
    ]);
    const values = read.map((each) => (each instanceof ServerError ? undefined : each.value));
    expect(values.filter(Boolean)).toEqual([value, Buffer.of(), value]);
  }
});

test('flags are letters with texts', () => {
  const [reply] = new ReplyReader().push(Buffer.from('HD c17 t-1 W\r\n'));
  if (!reply || reply instanceof ServerError) throw new Error('it is no reply');
  expect(Object.fromEntries(reply.flags)).toEqual({ c: '17', t: '-1', W: '' });
});

test.each(['ERROR\r\n', 'CLIENT_ERROR bad command\r\n', 'VALUE a 0 1\r\n', 'x'.repeat(3000)])(
  'what no meta command is answered is refused',
  (text) => {
    expect(() => new ReplyReader().push(Buffer.from(text))).toThrow('should be memcached 1.6');
  },
);
