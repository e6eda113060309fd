/**
 * A map from strings whose growth never blocks.
 *
 * A `Map` of a million entries takes more than 100 ms for one `set` when it grows, because it
 * rehashes all of them. Here the entries are spread over 1,024 maps, each of which grows by itself:
 * at a million entries the worst `set` rehashes about a thousand. The shard is chosen by a hash of
 * 16 sampled characters; keys that agree in all of them share a shard, which costs only this bound.
 */

const SHARDS = 1024;
const SAMPLES = 8;
const TAIL = 8;

export class ShardedMap<V> {
  readonly #shards: (Map<string, V> | undefined)[] = new Array(SHARDS).fill(undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    return this.#shards[shardOf(key)]?.get(key);
  }

  set(key: string, value: V): void {
    const index = shardOf(key);
    const shard = this.#shards[index] ?? new Map<string, V>();
    this.#shards[index] = shard;
    const before = shard.size;
    shard.set(key, value);
    this.#size += shard.size - before;
  }

  delete(key: string): boolean {
    const deleted = this.#shards[shardOf(key)]?.delete(key) ?? false;
    if (deleted) this.#size--;
    return deleted;
  }

  /** How many parts {@link shard} can be asked for. */
  get shards(): number {
    return SHARDS;
  }

  /** One part of the values; values may be deleted while it is read. */
  shard(index: number): Iterable<V> {
    return this.#shards[index]?.values() ?? [];
  }
}

function shardOf(key: string): number {
  const { length } = key;
  let hash = length;
  const step = Math.max(1, Math.floor(length / SAMPLES));
  for (let at = 0; at < length; at += step) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
  for (let at = Math.max(0, length - TAIL); at < length; at++) {
    hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
  }
  return (hash ^ (hash >>> 15)) & (SHARDS - 1);
}
