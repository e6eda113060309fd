/**
 * One of several processes that want the same numbers all the time, and new ones together; each
 * invalidates its share of them, and says what was answered wrongly: what was never so, and what is
 * older than this process has itself invalidated.
 */

import { setTimeout } from 'node:timers/promises';
import { createPool } from 'threadmemo';
import { redisTier } from 'threadmemo/redis';
import { cost, setVersion, versioned, versionOf } from './versioned.mjs';

const callers = 4;
const [index, processes, shared] = process.argv.slice(2).map(Number);
const tier = redisTier({ url: process.env['REDIS'], timeout: Number(process.env['TIMEOUT']) });
const pool = await createPool({ threads: 1, tiers: [tier] });

const seen = { calls: 0, longest: 0, wrong: [] };
/** By number: the version that this process has invalidated all earlier ones of. */
const least = new Map();
// One that comes late has no share.
let invalidates = index < processes;
let ends = false;

async function check(n) {
  const from = least.get(n) ?? 0;
  const start = performance.now();
  const answer = await versioned(n);
  seen.longest = Math.max(seen.longest, performance.now() - start - cost);
  seen.calls++;
  const isSo = answer.n === n && answer.version <= versionOf(n);
  if (!isSo || answer.version < from) seen.wrong.push({ n, from, ...answer });
  return answer.version;
}

async function invalidate(n) {
  const version = versionOf(n) + 1;
  setVersion(n, version);
  await versioned.invalidate(n);
  least.set(n, Math.max(version, least.get(n) ?? 0));
}

/** Each caller invalidates numbers of its own, all of them in turn, so that versions only grow. */
async function call(caller) {
  const all = processes * callers;
  for (let step = 0; !ends; step++) {
    const own = index * callers + caller + (step % Math.floor(shared / all)) * all;
    if (invalidates) await invalidate(own);
    await check(own);
    await check((step * 7) % shared);
    // All processes come to it at about the same time, and none has been there.
    if (step % 3 === 0) await check(shared + step * callers + caller);
    await setTimeout(1);
  }
}

const does = {
  seen() {
    const { hits = 0, leases = 0 } = pool.stats().tiers['redis'] ?? {};
    return { ...seen, used: hits + leases, connected: tier.stats().connected };
  },
  keepStill() {
    invalidates = false;
  },
  /** How many of the shared numbers are answered with an older version than there is. */
  async behind() {
    const numbers = Array.from({ length: shared }, (_, n) => n);
    const versions = await Promise.all(numbers.map(check));
    return versions.filter((version, n) => version < versionOf(n)).length;
  },
};

process.on('message', async ({ id, what }) => process.send({ id, answer: await does[what]() }));
process.send('ready');
const calling = Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
process.once('disconnect', async () => {
  ends = true;
  await calling;
  await pool.close();
});
