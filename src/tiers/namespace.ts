/**
 * What functions are called in a store that several services share: by their id, and with a namespace
 * before it where the pool has one.
 *
 * No two are called alike: a namespace has no `|`, so the first one ends it. An id without a namespace
 * stays as it is, unless it looks as if it had one; then an empty one stands before it.
 */

export interface TierId {
  /** Empty for none. */
  readonly namespace: string;
  /** Of the function, as its process knows it; with the version of its code behind it. */
  readonly id: string;
}

export const LONGEST_NAMESPACE = 100;

export function isNamespace(text: string): boolean {
  return /^[\w.-]*$/.test(text) && text.length <= LONGEST_NAMESPACE;
}

export function tierIdOf({ namespace, id }: TierId): string {
  return namespace === '' && readTierId(id).id === id ? id : `${namespace}|${id}`;
}

export function readTierId(tierId: string): TierId {
  const end = tierId.indexOf('|');
  const namespace = tierId.slice(0, Math.max(end, 0));
  return end >= 0 && isNamespace(namespace)
    ? { namespace, id: tierId.slice(end + 1) }
    : { namespace: '', id: tierId };
}
