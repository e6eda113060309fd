/** What is waited for is looked at by one timer, whichever waits come and go. */

import { expect, test } from 'vitest';
import type { RedisReply } from '../../src/tiers/redis/connection.ts';
import { RedisNames } from '../../src/tiers/redis/names.ts';
import { RedisWaits } from '../../src/tiers/redis/waits.ts';
import { FakeClock } from '../fake-clock.ts';

const EVERY = 1000;

test('a wait that begins while others are looked at does not double the looks', async () => {
  const clock = new FakeClock();
  const looks: ((reply: RedisReply) => void)[] = [];
  const send = () => new Promise<RedisReply>((resolve) => looks.push(resolve));
  const waits = new RedisWaits(send, 'me', clock, EVERY, () => {});
  const wait = () => waits.ask('f', new RedisNames('t').key('f', '1')).held(Buffer.from('token'));
  const answered = async () => {
    looks.at(-1)?.([1]);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const first = wait();
  clock.advance(EVERY);
  first.leave();
  wait();
  clock.advance(EVERY / 2);
  await answered();
  for (let round = 0; round < 3; round++) {
    clock.advance(EVERY / 2);
    await answered();
    clock.advance(EVERY / 2);
    await answered();
  }
  expect(looks).toHaveLength(4);
});
