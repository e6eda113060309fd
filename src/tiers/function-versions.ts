/**
 * What functions are called toward persistent tiers: with the pool's namespace before their id, and
 * behind it a fingerprint of their code, unless they have a version of their own.
 */

import type { Fingerprints } from '../code-version/fingerprint.ts';
import { moduleId } from '../code-version/module-id.ts';
import { Turnstile } from '../order/turnstile.ts';
import type { FunctionInfo } from '../protocol.ts';
import { readTierId, tierIdOf } from './namespace.ts';

export interface FunctionVersions {
  /** Of the pool; empty for none. */
  readonly namespace: string;
  /**
   * The function's id toward persistent tiers; at once when its code is known.
   * @param info for a function that was not called here
   */
  idOf(functionId: string, info?: FunctionInfo): string | Promise<string>;
  /** The function that this is an id of toward persistent tiers. */
  functionOf(tierId: string): NamedFunction;
}

export interface NamedFunction {
  /** Its id here, if it is known here. */
  readonly own: string | undefined;
  /** What `idOf` makes that very id of. */
  readonly id: string;
  /** Whether the id is that of the function's present code. */
  readonly isPresent: boolean;
}

export interface NamingParts {
  readonly fingerprints: Pick<Fingerprints, 'of'>;
  readonly infoOf: (functionId: string) => FunctionInfo | undefined;
  readonly namespace?: string;
  /** A code version cannot be determined. */
  readonly warn: (why: string) => void;
  /** A function that this process knows is asked for, for the first time. */
  readonly met?: (info: FunctionInfo) => void;
}

/** Begins the id here of a function of another namespace; no function's own begins with it. */
const FOREIGN = '\0';

export function functionVersions(parts: NamingParts): FunctionVersions {
  const { fingerprints, infoOf, namespace = '', warn, met } = parts;
  const said = new Set<string>();
  /** The ids that were told, one string each, whose hash need not be computed again for each call. */
  const told = new Map<string, string>();
  const turnstile = new Turnstile();
  const named = (id: string) => tierIdOf({ namespace, id });
  const tell = (functionId: string, id: string): string => {
    const tierId = named(id);
    told.set(functionId, tierId);
    return tierId;
  };
  /** All functions of a module wait for one look at it. */
  const inTurn = async (fingerprint: Promise<string>): Promise<string> => {
    try {
      return await fingerprint;
    } finally {
      await turnstile.pass();
    }
  };
  const cannotTell = (error: unknown): never => {
    const why = error instanceof Error ? error.message : String(error);
    // One for a module, whose functions all fail with the same words.
    if (!said.has(why)) warn(why);
    said.add(why);
    throw error;
  };
  const ownOf = (id: string): string | undefined => {
    if (infoOf(id)) return id;
    const withoutVersion = id.slice(0, id.lastIndexOf('@'));
    return infoOf(withoutVersion) && withoutVersion;
  };
  return {
    namespace,
    functionOf(tierId) {
      const read = readTierId(tierId);
      if (read.namespace !== namespace) {
        return { own: undefined, id: FOREIGN + tierId, isPresent: false };
      }
      const own = ownOf(read.id);
      const isPresent = own !== undefined && (told.get(own) ?? named(own)) === tierId;
      return { own, id: read.id, isPresent };
    },
    idOf(functionId, info = infoOf(functionId)) {
      const known = told.get(functionId);
      if (known !== undefined) return known;
      if (functionId.startsWith(FOREIGN)) return functionId.slice(FOREIGN.length);
      if (!info) return named(functionId);
      met?.(info);
      if (info.versioned) return tell(functionId, functionId);
      const fingerprint = fingerprints.of(info.module, nameOf(info));
      const tellOf = (found: string) => tell(functionId, `${functionId}@${found}`);
      return typeof fingerprint === 'string'
        ? tellOf(fingerprint)
        : inTurn(fingerprint).then(tellOf, cannotTell);
    },
  };
}

/** Of a function without a version of its own, which would stand behind it. */
export function nameOf({ id, module, home = moduleId(module) }: FunctionInfo): string {
  return id.slice(home.length + 1);
}
