/**
 * What happens in Redis in one step, as scripts that it runs.
 *
 * Generations: a record, and a lease, belong to the generation of everything and to that of its
 * function, as they were in its bucket when it was made. To clear is to remove a generation: what
 * belongs to it is not found after that, and the next write begins another one. They are
 * random, so that one that was evicted, flushed or has expired never comes back.
 *
 * A lease is a row with a token that no other process has, and an expiry that its holder puts off while
 * it computes. Everything that a lease allows is done by a script that looks at the token first. So
 * it does not matter why a lease has ended, and who has not noticed. The row also has the names of
 * the processes that wait for it: the script that ends it notifies them.
 *
 * `pcall` is where a key may be of another type, which is foreign, and where memory may be full. A
 * script that has written anything never fails for full memory; so none writes before it has to, and what a
 * full Redis has refused to one step it refuses to those after it.
 */

import { createHash } from 'node:crypto';
import { MAGIC } from '../record.ts';
import type { Argument, RedisReply } from './connection.ts';

/** Milliseconds by which generations outlive the records that belong to them, or somewhat less. */
export const GENERATION_MORE = 2 * 3600_000;
const GENERATION_SLACK = 3600_000;

/** What a step has come to; the first three alone, the others with more. */
export const NOTHING = 0;
export const DONE = 1;
export const FOREIGN = 2;
export const FOUND = 3;
export const HELD = 4;
export const FAILED = 5;

/** Bytes found, after which the steps that are left wait for another script. */
const MOST_FOUND = 1_000_000;

const magic = [...MAGIC].map((byte) => `\\${byte}`).join('');

/** By the number of its first key: record, generation of all, of the function. Returns what was found, or nothing, and the generations. */
const FIND = `
local old = {}
local function find(k)
  if old[KEYS[k]] then
    old[KEYS[k]] = nil
    redis.call('UNLINK', KEYS[k])
  end
  local got = redis.call('MGET', KEYS[k], KEYS[k + 1], KEYS[k + 2])
  local value, all, own = got[1], got[2], got[3]
  if value then
    local isOurs = #value >= 20 and value:sub(1, 3) == '${magic}'
    local isCurrent = all and own and value:sub(5, 20) == all .. own
    if not isOurs or isCurrent then return {${FOUND}, value, redis.call('PTTL', KEYS[k])} end
    redis.call('UNLINK', KEYS[k])
  elseif redis.call('EXISTS', KEYS[k]) == 1 then
    redis.call('UNLINK', KEYS[k])
    return ${FOREIGN}
  end
  return nil, all, own
end`;

/** The generations, begun if there are none, and kept for longer than any record of theirs. */
const GENERATIONS = `
local function generation(key, value, fresh, keep)
  if not value or #value ~= 8 then
    redis.call('SET', key, fresh, 'PX', keep)
    return fresh
  end
  local left = redis.call('PTTL', key)
  if left < keep - ${GENERATION_SLACK} then redis.call('PEXPIRE', key, keep) end
  return value
end
local function generations(k, all, own, fresh, keep)
  return generation(KEYS[k + 1], all, fresh:sub(1, 8), keep)
    .. generation(KEYS[k + 2], own, fresh:sub(9, 16), keep)
end`;

/**
 * Puts the record, or removes what is there: when it has expired, and when Redis is full. Then it is removed
 * after all other steps, which could write to a full Redis otherwise.
 */
const PUT = `
local function put(k, generations, head, body, px)
  if tonumber(px) <= 0 then
    redis.call('UNLINK', KEYS[k])
    return ${DONE}
  end
  local set = redis.pcall('SET', KEYS[k], head .. generations .. body, 'PX', px)
  local isFull = type(set) == 'table' and set.err
  old[KEYS[k]] = isFull and true or nil
  return isFull and set or ${DONE}
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
  /**
   * Many steps, each as if it were a script of its own: one that fails answers with why, and the others go on.
   *
   * KEYS: of each step record, all, own, and the lease where there is one. ARGV: process, ms that a lease
   * lives, ms to keep generations, fresh generations, channel of processes, all bodies behind each other; then
   * of each step its letter and its words:
   * - `g`: gets the record
   * - `l`, `r`: asks for the lease, after a look for the record, or without one. token
   * - `p`: puts the record. head, px, bytes of its body
   * - `s`: puts it under the lease, and ends that. token, name, head, px, bytes of its body
   *
   * Returns an answer each; of fewer, in their order, when what they have found is much.
   */
  steps: script(
    FIND,
    GENERATIONS,
    PUT,
    ROW,
    `
local process, life, keepFor, fresh, channel, bodies = unpack(ARGV, 1, 6)
local keep = tonumber(keepFor)
local function present(k) return unpack(redis.call('MGET', KEYS[k + 1], KEYS[k + 2])) end
local function lease(k, token, all, own)
  local now = generations(k, all, own, fresh, keep)
  local lease = row(KEYS[k + 3])
  if lease.token and lease.generations == now and redis.call('PTTL', KEYS[k + 3]) > 0 then
    redis.pcall('HSET', KEYS[k + 3], 'w:' .. process, '')
    return {${HELD}, lease.token}
  end
  if lease.token then redis.call('UNLINK', KEYS[k + 3]) end
  redis.call('HSET', KEYS[k + 3], 't', token, 'g', now)
  redis.call('PEXPIRE', KEYS[k + 3], life)
  return ${DONE}
end
local function store(k, body, token, name, head, px)
  local lease = row(KEYS[k + 3])
  if lease.token ~= token then return ${NOTHING} end
  local all, own = present(k)
  if not all or not own or lease.generations ~= all .. own then
    over(KEYS[k + 3], lease, channel, name)
    return ${NOTHING}
  end
  generations(k, all, own, all .. own, keep)
  local stored = put(k, lease.generations, head, body, px)
  over(KEYS[k + 3], lease, channel, name)
  return stored
end
local steps = {
  g = {3, 0, function(k) return find(k) or ${NOTHING} end},
  l = {4, 1, function(k, body, token)
    local found, all, own = find(k)
    return found or lease(k, token, all, own)
  end},
  r = {4, 1, function(k, body, token) return lease(k, token, present(k)) end},
  p = {3, 3, function(k, body, head, px)
    local all, own = present(k)
    return put(k, generations(k, all, own, fresh, keep), head, body, px)
  end},
  s = {4, 5, store},
}
local answers, found, k, word, start = {}, 0, 1, 7, 1
while word <= #ARGV and found < ${MOST_FOUND} do
  local step = steps[ARGV[word]]
  local last, body = word + step[2], nil
  if step[2] > 1 then
    local bytes = tonumber(ARGV[last])
    body = #bodies == bytes and bodies or bodies:sub(start, start + bytes - 1)
    start = start + bytes
  end
  local isDone, answer = pcall(step[3], k, body, unpack(ARGV, word + 1, last))
  local failure = isDone and type(answer) == 'table' and answer.err or not isDone and answer
  if failure then
    local text = type(failure) == 'table' and failure.err or tostring(failure)
    answer = {${FAILED}, text:match('^@[^:]*: ?%d+: %-?(.*)$') or text}
  elseif type(answer) == 'table' then
    found = found + #answer[2]
  end
  answers[#answers + 1] = answer
  k, word = k + step[1], last + 1
end
for record in pairs(old) do redis.pcall('UNLINK', record) end
return answers`,
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
export type RedisSend = (args: readonly Argument[], key: string) => Promise<RedisReply>;

/** So that many who ask at once do not all send the scripts. A cluster's other nodes learn them later. */
export async function loadScripts(send: RedisSend): Promise<void> {
  const load = ({ text }: Script) => send(['SCRIPT', 'LOAD', text], '');
  // Who may not do this may still run them.
  await Promise.allSettled(Object.values(scripts).map(load));
}

/** Runs a script that Redis may not know yet: after its start, a failover, or a SCRIPT FLUSH. */
export async function runScript(
  send: RedisSend,
  { text, sha }: Script,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<RedisReply> {
  const rest = [String(keys.length), ...keys, ...args];
  const [key] = keys as [string];
  try {
    return await send(['EVALSHA', sha, ...rest], key);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return send(['EVAL', text, ...rest], key);
  }
}
