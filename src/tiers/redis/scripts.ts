/**
 * What happens in Redis in one step, as scripts that it runs.
 *
 * Generations: a record, and a lease, belong to the generation of everything and to that of its
 * function, as they were in its bucket when it was made. To clear is to remove a generation: what
 * belongs to it is found by nobody after that, and the next write begins another one. They are
 * random, so that one that was evicted, flushed or has expired never comes back.
 *
 * A lease is a row with a token that nobody else has, and an expiry that its holder puts off while
 * it computes. Everything that a lease allows is done by a script that looks at the token first. So
 * it does not matter why a lease has ended, and who has not noticed. The row also has the names of
 * the processes that wait for it: whoever ends it tells them.
 *
 * `pcall` is where a key may be of another type, which is foreign, and where memory may be full. A
 * script that has written anything is never told that memory is full; so none writes before it has to.
 */

import { createHash } from 'node:crypto';
import { MAGIC } from '../record.ts';
import type { Argument, Reply } from './connection.ts';

/** Milliseconds by which generations outlive the records that belong to them, or somewhat less. */
export const GENERATION_MORE = 2 * 3600_000;
const GENERATION_SLACK = 3600_000;

const magic = [...MAGIC].map((byte) => `\\${byte}`).join('');

/** KEYS: record, generation of all, of the function. Returns what was found, or nothing. */
const FIND = `
local function find()
  local got = redis.call('MGET', KEYS[1], KEYS[2], KEYS[3])
  local value, all, own = got[1], got[2], got[3]
  if value then
    local isOurs = #value >= 20 and value:sub(1, 3) == '${magic}'
    local isCurrent = all and own and value:sub(5, 20) == all .. own
    if not isOurs or isCurrent then return {'found', value, redis.call('PTTL', KEYS[1])} end
    redis.call('UNLINK', KEYS[1])
  elseif redis.call('EXISTS', KEYS[1]) == 1 then
    redis.call('UNLINK', KEYS[1])
    return {'foreign'}
  end
  return nil
end`;

/** The generations, begun if there are none, and kept for longer than any record of theirs. */
const GENERATIONS = `
local function generation(key, fresh, keep)
  local value = redis.call('MGET', key)[1]
  if not value or #value ~= 8 then
    redis.call('SET', key, fresh, 'PX', keep)
    return fresh
  end
  local left = redis.call('PTTL', key)
  if left < keep - ${GENERATION_SLACK} then redis.call('PEXPIRE', key, keep) end
  return value
end
local function generations(fresh, keepFor)
  local keep = tonumber(keepFor)
  return generation(KEYS[2], fresh:sub(1, 8), keep) .. generation(KEYS[3], fresh:sub(9, 16), keep)
end`;

/** Puts the record, or removes what is there: when it has expired, and when Redis is full. */
const PUT = `
local function put(generations, head, body, px)
  if tonumber(px) <= 0 then
    redis.call('UNLINK', KEYS[1])
    return 1
  end
  local set = redis.pcall('SET', KEYS[1], head .. generations .. body, 'PX', px)
  if type(set) == 'table' and set.err then
    redis.call('UNLINK', KEYS[1])
    return set
  end
  return 1
end`;

/** A row is [token, generations, waiting process, ...]; no row, none. */
const ROW = `
local function row(key)
  local flat = redis.pcall('HGETALL', key)
  if flat.err then
    redis.call('UNLINK', key)
    return {waiting = {}}
  end
  local found = {waiting = {}}
  for i = 1, #flat, 2 do
    if flat[i] == 't' then found.token = flat[i + 1]
    elseif flat[i] == 'g' then found.generations = flat[i + 1]
    else found.waiting[#found.waiting + 1] = flat[i]:sub(3) end
  end
  return found
end
local function over(key, row, channel, name)
  redis.call('UNLINK', key)
  for _, process in ipairs(row.waiting) do redis.call('PUBLISH', channel .. process, name) end
end`;

function script(...parts: string[]): { readonly text: string; readonly sha: string } {
  const text = parts.join('\n').trim();
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

export const scripts = {
  /** KEYS: record, all, own. */
  get: script(FIND, "return find() or {'none'}"),

  /** KEYS: record, all, own. ARGV: head, body, px, fresh generations, keep. */
  set: script(
    GENERATIONS,
    PUT,
    'return put(generations(ARGV[4], ARGV[5]), ARGV[1], ARGV[2], ARGV[3])',
  ),

  /**
   * KEYS: record, all, own, lease. ARGV: token, process, ms to live, '1' not to look for a record,
   * fresh generations, keep.
   */
  lease: script(
    FIND,
    GENERATIONS,
    ROW,
    `
local found = ARGV[4] ~= '1' and find()
if found then return found end
local now = generations(ARGV[5], ARGV[6])
local lease = row(KEYS[4])
if lease.token and lease.generations == now and redis.call('PTTL', KEYS[4]) > 0 then
  redis.pcall('HSET', KEYS[4], 'w:' .. ARGV[2], '')
  return {'held', lease.token}
end
if lease.token then redis.call('UNLINK', KEYS[4]) end
redis.call('HSET', KEYS[4], 't', ARGV[1], 'g', now)
redis.call('PEXPIRE', KEYS[4], ARGV[3])
return {'granted'}`,
  ),

  /**
   * KEYS: record, all, own, lease. ARGV: token, channel of processes, name, head, body, px, keep.
   * Returns whether it was stored.
   */
  store: script(
    GENERATIONS,
    PUT,
    ROW,
    `
local lease = row(KEYS[4])
if lease.token ~= ARGV[1] then return 0 end
local now = redis.call('MGET', KEYS[2], KEYS[3])
if not now[1] or not now[2] or lease.generations ~= now[1] .. now[2] then
  over(KEYS[4], lease, ARGV[2], ARGV[3])
  return 0
end
generations(now[1] .. now[2], ARGV[7])
local stored = put(lease.generations, ARGV[4], ARGV[5], ARGV[6])
over(KEYS[4], lease, ARGV[2], ARGV[3])
return stored`,
  ),

  /** KEYS: lease. ARGV: token, channel of processes, name. */
  release: script(
    ROW,
    `
local lease = row(KEYS[1])
if lease.token ~= ARGV[1] then return 0 end
over(KEYS[1], lease, ARGV[2], ARGV[3])
return 1`,
  ),

  /** KEYS: leases of a bucket. ARGV: ms to live, then a token each. Returns whether each is held. */
  renew: script(
    ROW,
    `
local held = {}
for i, key in ipairs(KEYS) do
  local isHeld = row(key).token == ARGV[i + 1]
  if isHeld then redis.call('PEXPIRE', key, ARGV[1]) end
  held[i] = isHeld and 1 or 0
end
return held`,
  ),

  /**
   * KEYS: all, then lease and generation of its function, of each that is waited for in a bucket.
   * ARGV: process, then a token each. Returns whether each goes on.
   */
  look: script(
    ROW,
    `
local goOn = {}
for i = 1, (#KEYS - 1) / 2 do
  local lease = row(KEYS[2 * i])
  local now = redis.call('MGET', KEYS[1], KEYS[2 * i + 1])
  local isHeld = lease.token == ARGV[i + 1] and now[1] and now[2]
    and lease.generations == now[1] .. now[2]
  if isHeld then redis.pcall('HSET', KEYS[2 * i], 'w:' .. ARGV[1], '') end
  goOn[i] = isHeld and 1 or 0
end
return goOn`,
  ),

  /** KEYS: record, lease. ARGV: channel of invalidations, message. */
  delete: script(`
redis.call('UNLINK', KEYS[1], KEYS[2])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1`),
};

export type Script = (typeof scripts)[keyof typeof scripts];

/** Sends one command. */
export type Send = (args: readonly Argument[], key: string) => Promise<Reply>;

/** So that many who ask at once do not all send the scripts. A cluster's other nodes learn them later. */
export async function loadScripts(send: Send): Promise<void> {
  const load = ({ text }: Script) => send(['SCRIPT', 'LOAD', text], '');
  // Who may not do this may still run them.
  await Promise.allSettled(Object.values(scripts).map(load));
}

/** Runs a script that Redis may not know yet: after its start, a failover, or a SCRIPT FLUSH. */
export async function runScript(
  send: Send,
  { text, sha }: Script,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<Reply> {
  const rest = [String(keys.length), ...keys, ...args];
  const [key] = keys as [string];
  try {
    return await send(['EVALSHA', sha, ...rest], key);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return send(['EVAL', text, ...rest], key);
  }
}
