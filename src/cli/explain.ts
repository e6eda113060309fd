/**
 * `threadmemo explain`: what a cache directory has for a call, and if nothing, why: the record has expired,
 * one of its tags was invalidated, other code has made it (which file has changed since?), or there is none
 * (in which argument does the most similar call that has one differ?).
 */

import type { Memoized } from '../api/memoize.ts';
import { argsKeyOf, type Definition, definitionOf, keyOf } from '../call/registry.ts';
import { Nearest } from '../coordinator/nearest.ts';
import type { DiskTier } from '../disk.ts';
import { createPool } from '../index.ts';
import { argsInKey } from '../keys/read-key.ts';
import type { Explanation } from '../protocol.ts';
import { dateNow } from '../runtime/globals.ts';
import { tagOf } from '../tags/tags.ts';
import type { PacedTier } from '../tiers/decorate.ts';
import { openDiskToLook } from '../tiers/disk/disk-tier.ts';
import { readTierId, tierIdOf } from '../tiers/namespace.ts';
import { endOfName } from '../tiers/sight.ts';
import { checkCacheDirectory } from './cache-directory.ts';
import { codeChanges } from './code-changes.ts';
import { codeVersionOf } from './code-version.ts';
import { Exit, Unusable } from './ended.ts';
import { messageOf } from './error-words.ts';
import { type CacheExplanation, explanationText } from './explanation-text.ts';
import { findFunction } from './find-function.ts';
import { keepStdoutForResults, print } from './print.ts';

export interface ExplainCommand {
  /** A directory. */
  readonly cache: string;
  /** The input is a list of arguments. */
  readonly args?: boolean;
  readonly namespace?: string;
  readonly json?: boolean;
}

/** Calls that are compared. */
const MOST_CALLS = 100_000;

/** @returns the exit code @throws {Unusable} {@link MemoError} */
export async function explain(
  target: string,
  input: string,
  command: ExplainCommand,
): Promise<number> {
  keepStdoutForResults();
  checkCacheDirectory(command.cache);
  const args = argsIn(input, command.args ?? false);
  const fn = await findFunction(target);
  const found = await explained(fn, args, command);
  const text = command.json
    ? JSON.stringify(found)
    : explanationText(found, command.cache, dateNow());
  return (await print(text)) ? Exit.done : Exit.unread;
}

function argsIn(input: string, isList: boolean): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(input);
  } catch (cause) {
    throw new Unusable(`the input is no JSON (${messageOf(cause)}): a text needs quotes, '"text"'`);
  }
  if (!isList) return [value];
  if (Array.isArray(value)) return value;
  throw new Unusable('with --args the input must be an array of arguments');
}

/** What is looked for, and where. */
interface Asked {
  readonly tier: DiskTier;
  readonly definition: Definition;
  readonly cache: string;
  /** Of the function in the tier, its present code behind it. */
  readonly id: string;
  readonly argsKey: string;
}

async function explained(
  fn: Memoized,
  args: readonly unknown[],
  { cache, namespace = '' }: ExplainCommand,
): Promise<CacheExplanation> {
  const definition = definitionOf(fn.id) as Definition;
  const { info } = definition;
  const code = info.versioned ? undefined : await codeVersionOf(info, cache, `--cache ${cache}`);
  const id = tierIdOf({ namespace, id: code === undefined ? info.id : `${info.id}@${code}` });
  const tier = openDiskToLook(cache);
  try {
    const asked = { tier, definition, cache, id, argsKey: definition.argsKey(args) };
    await using _pool = await createPool({ threads: 0, tiers: [tier], namespace });
    return { functionId: id, ...(await found(asked, await fn.explain(...args))) };
  } finally {
    await tier.close();
  }
}

type Found = Omit<CacheExplanation, 'functionId'>;

async function found(asked: Asked, { state, tags }: Explanation): Promise<Found> {
  const { tier, id, argsKey } = asked;
  const key = keyOf(id, argsKey);
  const entry = entryIn(tier, id, argsKey);
  if (state !== 'missing') return { state, ...(entry && { entry }), tags };
  if (!entry) return absent(asked);
  if (entry.expiresAt <= dateNow()) return { state, reason: 'expired', entry };
  const record = await (tier as PacedTier).see?.(id, key);
  if (!record) return { state, reason: 'unreadable', entry };
  return {
    state,
    reason: 'tag',
    entry,
    tags: (record.tags ?? []).flatMap(({ name }) => tagOf(name) ?? []),
  };
}

async function absent(asked: Asked): Promise<Found> {
  const { tier, id, argsKey, definition, cache } = asked;
  const versions = await otherVersions(tier, id);
  const newest = versions
    .map((version) => ({ version, entry: entryIn(tier, version, argsKey) }))
    .sort((a, b) => (b.entry?.storedAt ?? 0) - (a.entry?.storedAt ?? 0))[0];
  if (newest?.entry) {
    const { version, entry } = newest;
    const code = await codeChanges(definition.info, cache, {
      id,
      version,
      storedAt: entry.storedAt,
    });
    return { state: 'missing', reason: 'code changed', code };
  }
  return { state: 'missing', reason: 'never', ...(await nearest(asked)) };
}

function entryIn(tier: DiskTier, id: string, argsKey: string): Found['entry'] {
  const found = tier.entry(id, keyOf(id, argsKey));
  if (!found) return undefined;
  const { key: _, ...entry } = found;
  return entry;
}

/** Of the same function and namespace. */
async function otherVersions(tier: DiskTier, id: string): Promise<readonly string[]> {
  const { namespace } = readTierId(id);
  const versions = (await tier.versionsOf?.(id.slice(0, endOfName(id)))) ?? [];
  return versions.filter((each) => each !== id && readTierId(each).namespace === namespace);
}

/** Compared are keys, in which what is long is a digest: on both sides. */
async function nearest({ tier, id, argsKey, definition }: Asked) {
  const root = definition.options.key ? () => 'key(...)' : undefined;
  const asked = argsInKey(argsKey);
  const most = asked && new Nearest(asked, root);
  let [calls, unreadableCalls] = [0, 0];
  for await (const { key } of tier.entries(id)) {
    const args = key === undefined ? undefined : argsInKey(argsKeyOf(id, key));
    if (args) most?.add(args);
    else unreadableCalls++;
    if (++calls === MOST_CALLS) break;
  }
  const words = most?.words;
  return { calls, unreadableCalls, ...(words !== undefined && { nearest: words }) };
}
