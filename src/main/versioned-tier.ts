/**
 * A tier whose records outlive the code that has made them, told the functions' ids with a
 * fingerprint of that code behind them. So a record is found only by the code that has made it, and
 * those of older code lie beside it until they are evicted.
 *
 * A function with a version of its own is left as it is. One whose code cannot be told is kept out of
 * the tier: every operation fails, which the chain counts, and a warning says why.
 */

import { join } from 'node:path';
import { Fingerprints } from '../fingerprint/fingerprint.ts';
import type { FunctionInfo } from '../protocol.ts';
import type { Invalidation, Tier } from '../tiers/tier.ts';

export interface FunctionVersions {
  /** The function's id toward persistent tiers; at once when its code is known. */
  idOf(functionId: string): string | Promise<string>;
  /** The id here of the function that this is an id of toward persistent tiers, if it is known here. */
  ownIdOf(id: string): string | undefined;
  /** Whether this is the id of a function's present code toward persistent tiers. */
  isPresent(id: string): boolean;
}

/** Wraps the tiers that need it. */
export function versioned(
  tiers: readonly Tier[],
  infoOf: (functionId: string) => FunctionInfo | undefined,
): readonly Tier[] {
  const persistent = tiers.filter((tier) => tier.persistent);
  const home = persistent.find(({ directory }) => directory !== undefined)?.directory;
  const versions = functionVersions(
    new Fingerprints({
      directory: home && join(home, 'fingerprints'),
      startedAt: performance.timeOrigin,
    }),
    infoOf,
  );
  return tiers.map((tier) => (tier.persistent ? versionedTier(tier, versions) : tier));
}

export function versionedTier(tier: Tier, versions: FunctionVersions): Tier {
  const { idOf } = versions;
  const named = <T>(
    functionId: string,
    key: string,
    run: (id: string, key: string) => Promise<T>,
  ): Promise<T> => {
    const runAs = (id: string) => run(id, renamed(key, functionId, id));
    const id = idOf(functionId);
    return typeof id === 'string' ? runAs(id) : id.then(runAs);
  };
  const { lease, getNow } = tier;
  return {
    name: tier.name,
    get: (functionId, key) => named(functionId, key, (id, its) => tier.get(id, its)),
    ...(getNow && {
      getNow: (functionId, key) => {
        const id = idOf(functionId);
        if (typeof id === 'string') return getNow.call(tier, id, renamed(key, functionId, id));
        // Why it fails is told and counted by whoever asks and waits.
        id.catch(() => {});
        return 'later';
      },
    }),
    set: (functionId, key, record) =>
      named(functionId, key, (id, its) => tier.set(id, its, record)),
    delete: (functionId, key) => named(functionId, key, (id, its) => tier.delete(id, its)),
    clear: async (functionId) =>
      tier.clear(functionId === undefined ? undefined : await idOf(functionId)),
    ...(lease && {
      lease: (functionId, key, refresh) =>
        named(functionId, key, (id, its) => lease.call(tier, id, its, refresh)),
    }),
    ...(tier.onInvalidate && {
      onInvalidate: (heard) =>
        tier.onInvalidate?.((what) => heardAs(what, versions).forEach(heard)),
    }),
    close: () => tier.close(),
  };
}

/** Keys begin with the id of their function. */
function renamed(key: string, functionId: string, id: string): string {
  return id === functionId ? key : id + key.slice(functionId.length);
}

/**
 * What was invalidated, as this process knows it, whatever code it was said of; and, unless that is the
 * code that runs here, as it may stand in another tier.
 */
function heardAs(what: Invalidation, { ownIdOf, isPresent }: FunctionVersions): Invalidation[] {
  const { functionId, key } = what;
  const own = functionId === undefined ? undefined : ownIdOf(functionId);
  if (functionId === undefined || own === undefined) return [what];
  const here = {
    functionId: own,
    ...(key !== undefined && { key: renamed(key, functionId, own) }),
  };
  return isPresent(functionId) ? [here] : [here, what];
}

export function functionVersions(
  fingerprints: Pick<Fingerprints, 'of'>,
  infoOf: (functionId: string) => FunctionInfo | undefined,
  warn: (why: string) => void = warnProcess,
): FunctionVersions {
  const said = new Set<string>();
  /** The ids that were told, one string each, whose hash need not be computed again for each call. */
  const told = new Map<string, string>();
  const tell = (functionId: string, fingerprint: string): string => {
    const id = `${functionId}@${fingerprint}`;
    told.set(functionId, id);
    return id;
  };
  const cannotTell = (error: unknown): never => {
    const why = error instanceof Error ? error.message : String(error);
    // One for a module, whose functions all fail with the same words.
    if (!said.has(why)) warn(why);
    said.add(why);
    throw error;
  };
  return {
    ownIdOf(id) {
      const own = id.slice(0, id.lastIndexOf('@'));
      return !infoOf(id) && infoOf(own) ? own : undefined;
    },
    isPresent: (id) => told.get(id.slice(0, id.lastIndexOf('@'))) === id,
    idOf(functionId) {
      const known = told.get(functionId);
      if (known !== undefined) return known;
      const info = infoOf(functionId);
      if (!info || info.versioned) return functionId;
      const fingerprint = fingerprints.of(info.module);
      return typeof fingerprint === 'string'
        ? tell(functionId, fingerprint)
        : fingerprint.then((found) => tell(functionId, found), cannotTell);
    },
  };
}

function warnProcess(why: string): void {
  process.emitWarning(`results are kept in no persistent tier: ${why}`, 'ThreadmemoWarning');
}
