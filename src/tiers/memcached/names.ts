/**
 * What things are called in memcached, and on which of the servers they are.
 *
 * memcached takes 250 bytes without spaces, so a key's name is the SHA-256 of the function id and the
 * key, and the record carries both whole: a hash finds and never decides. Each server has the
 * generations of what is on it, because what depends on each other must be asked for together.
 */

import { createHash } from 'node:crypto';
import { identityOf, nameOf } from '../identity.ts';

export interface MemcachedKey {
  /** What the record must carry to be the one that is meant. */
  readonly identity: Buffer;
  readonly name: string;
  /** Names of the generations: of everything, of the function. */
  readonly generations: readonly [string, string];
}

export class MemcachedNames {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  key(functionId: string, key: string): MemcachedKey {
    const identity = identityOf(functionId, key);
    return {
      identity,
      name: `${this.#prefix}:r:${nameOf(identity)}`,
      generations: [this.generation(), this.generation(functionId)],
    };
  }

  /** Of everything without a function. */
  generation(functionId?: string): string {
    if (functionId === undefined) return `${this.#prefix}:g`;
    return `${this.#prefix}:g:${nameOf(identityOf(functionId))}`;
  }
}

/**
 * The server with the greatest hash of its address and the name (rendezvous hashing): with another
 * server, only the names move that go there, in whatever order the servers are named.
 */
export function serverOf<S extends { readonly address: string }>(
  servers: readonly S[],
  name: string,
): S {
  const [first, ...others] = servers as readonly [S, ...S[]];
  if (others.length === 0) return first;
  const weights = servers.map((server) => ({ server, weight: weightOf(server.address, name) }));
  return weights.reduce((best, each) => (each.weight > best.weight ? each : best)).server;
}

function weightOf(address: string, name: string): number {
  return createHash('sha256').update(`${address} ${name}`).digest().readUIntBE(0, 6);
}
