/**
 * A tier whose records outlive the code that has made them, and the process, told the functions' ids
 * with a fingerprint of that code behind them and the pool's namespace before them. So a record is found
 * only by the code that has made it, and those of older code lie beside it until they are evicted.
 *
 * A function with a version of its own has no fingerprint. One whose code version cannot be determined is kept out of
 * the tier: every operation fails, which the chain counts, and a warning says why.
 */

import { join } from 'node:path';
import { Fingerprints } from '../code-version/fingerprint.ts';
import type { FunctionInfo } from '../protocol.ts';
import { performance } from '../runtime/globals.ts';
import type { Warnings } from '../text/warnings.ts';
import { decorate, type PacedTier, type Wraps } from './decorate.ts';
import { type FunctionVersions, functionVersions } from './function-versions.ts';
import { readTierId, tierIdOf } from './namespace.ts';
import { PartVersions } from './part-versions.ts';
import { sharingWarnings } from './sharing-warnings.ts';
import type { Invalidation, Tier } from './tier.ts';

export interface VersionedParts {
  /** Of a function that this process has called. */
  readonly infoOf: (functionId: string) => FunctionInfo | undefined;
  /** Those that this process knows, called or not. */
  readonly known: () => Iterable<FunctionInfo>;
  readonly namespace: string;
  readonly warnings: Warnings;
}

/** Wraps the tiers that need it. */
export function versioned(tiers: readonly PacedTier[], parts: VersionedParts): readonly Tier[] {
  const { infoOf, known, namespace, warnings } = parts;
  const persistent = tiers.filter((tier) => tier.persistent);
  const home = persistent.find(({ directory }) => directory !== undefined)?.directory;
  const fingerprints = new Fingerprints({
    directory: home && join(home, 'fingerprints'),
    startedAt: performance.timeOrigin,
  });
  const warn = (why: string) =>
    warnings.warn('code', `results are kept in no persistent tier: ${why}`);
  const met = sharingWarnings(persistent, namespace, warnings);
  const versions = functionVersions({ fingerprints, infoOf, namespace, warn, met });
  return tiers.map((tier) => (tier.persistent ? versionedTier(tier, versions, known) : tier));
}

export function versionedTier(
  tier: PacedTier,
  versions: FunctionVersions,
  known: () => Iterable<FunctionInfo> = () => [],
): PacedTier {
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
  const wraps: Wraps = {
    get: (get) => (functionId, key) => named(functionId, key, get),
    getNow: (getNow) => (functionId, key) => {
      const id = idOf(functionId);
      if (typeof id === 'string') return getNow(id, renamed(key, functionId, id));
      // Why it fails is counted by the `get` that is asked then.
      id.catch(() => {});
      return 'later';
    },
    see: (see) => (functionId, key) => named(functionId, key, see),
    set: (set) => (functionId, key, record) =>
      named(functionId, key, (id, its) => set(id, its, record)),
    delete: (its) => (functionId, key) => named(functionId, key, its),
    discard: (discard) => (functionId, key) => named(functionId, key, discard),
    clear: (clear) => async (functionId) => {
      if (functionId !== undefined) await clear(await idOf(functionId));
      else if (versions.namespace === '') await clear();
      else await clearNamespace(tier, versions, known());
    },
    versionsOf: (versionsOf) => async (functionId) => {
      const { namespace } = versions;
      const all = await versionsOf(tierIdOf({ namespace, id: functionId }));
      return all.map(readTierId).flatMap((read) => (read.namespace === namespace ? read.id : []));
    },
    lease: (lease) => (functionId, key, refresh) =>
      named(functionId, key, (id, its) => lease(id, its, refresh)),
    readAs: (readAs) => (functionId) => {
      const id = idOf(functionId);
      return typeof id === 'string' ? readAs(id) : id.then(readAs);
    },
    used: (used) => (functionId, key, times) => {
      const id = idOf(functionId);
      if (typeof id === 'string') used(id, renamed(key, functionId, id), times);
    },
    onInvalidate: (listen) => (heard) =>
      listen((what) => {
        for (const each of heardAs(what, versions)) heard(each);
      }),
  };
  // Prefixes are of the ids that only the tier inside knows.
  return decorate(tier, wraps, {
    clearPrefix: undefined,
    partVersions: new PartVersions(versions, known),
  });
}

/** Keys begin with the id of their function. */
function renamed(key: string, functionId: string, id: string): string {
  return id === functionId ? key : id + key.slice(functionId.length);
}

/** Functions that are cleared at the same time. */
const TOGETHER = 32;

/** The namespace of others is theirs: of a tier that cannot tell them apart, what this process knows. */
async function clearNamespace(
  tier: Tier,
  { namespace, idOf }: FunctionVersions,
  known: Iterable<FunctionInfo>,
): Promise<void> {
  if (tier.clearPrefix) return tier.clearPrefix(tierIdOf({ namespace, id: '' }));
  const left = [...known];
  const clearSome = async () => {
    for (let info = left.pop(); info; info = left.pop()) {
      // Nothing is stored of code whose version is unknown.
      const id = await Promise.resolve(idOf(info.id, info)).catch(() => undefined);
      if (id !== undefined) await tier.clear(id);
    }
  };
  const cleared = await Promise.allSettled(Array.from({ length: TOGETHER }, clearSome));
  for (const each of cleared) if (each.status === 'rejected') throw each.reason;
}

/**
 * What was invalidated, as this process knows it, whichever code it was sent for; and, unless that is the
 * code that runs here, as it may stand in another tier.
 */
function heardAs(what: Invalidation, { functionOf }: FunctionVersions): Invalidation[] {
  if (what.of === 'all') return [what];
  const { functionId } = what;
  const as = (id: string): Invalidation =>
    what.of === 'key'
      ? { of: 'key', functionId: id, key: renamed(what.key, functionId, id) }
      : { of: 'function', functionId: id };
  const { own, id, isPresent } = functionOf(functionId);
  if (own === undefined) return [as(id)];
  return isPresent ? [as(own)] : [as(own), as(id)];
}
