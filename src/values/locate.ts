/**
 * Where in a value the thing is that cannot cross: the second walk, made only after the first failed.
 *
 * The first walk keeps no paths. If it refuses cycles, as that of a key does, it does not look for
 * them: a cycle is deeper than any limit, so that counting levels finds it for nothing. This one does
 * both. It walks in the same order, takes each shared object once, and names the place as JavaScript would: `args[0].conn`,
 * `result.items[3]["odd key"]`, `result.cause`. What has no such name is described in words, counted
 * from 1: `args[0] key #2` and `args[0] value #2` of a Map, `args[0] member #1` of a Set. The value
 * under a string or number key of a Map is `args[0].get("k")`.
 */
import { types } from 'node:util';
import { type Kind, kindOf, maxDepth } from './kind.ts';
import { type Reason, type Refusal, reasonAgainst, tooDeep } from './refusal.ts';

export interface LocatedValue {
  readonly path: string;
  readonly reason: Reason;
}

/** Whether the walk that has refused something would have refused a cycle. */
export type Cycles = 'refused' | 'carried';

/** Finds what a walk has refused; `root` is what the path starts with. */
export function locate(
  value: unknown,
  root: string,
  refusal: Refusal,
  cycles: Cycles,
): LocatedValue {
  const done = new Set<object>();
  const above = new Map<object, string>();

  function visit(child: unknown, path: string): LocatedValue | undefined {
    if (typeof child === 'function' || typeof child === 'symbol') return refused(child, path);
    if (typeof child !== 'object' || child === null || done.has(child)) return undefined;
    const first = above.get(child);
    if (first !== undefined) {
      const isRefused = cycles === 'refused' || types.isNativeError(child);
      return isRefused ? { path, reason: cycleTo(first) } : undefined;
    }
    if (above.size > maxDepth) return { path, reason: tooDeep };
    const kind = kindOf(child);
    if (kind === undefined) return refused(child, path);
    above.set(child, path);
    for (const [step, grandchild] of steps(child, kind)) {
      const located = visit(grandchild, path + step);
      if (located !== undefined) return located;
    }
    above.delete(child);
    done.add(child);
    return undefined;
  }

  // A value that changes while it is read may look innocent this time.
  return visit(value, root) ?? { path: root, reason: refusal.reason };
}

function refused(value: unknown, path: string): LocatedValue {
  return { path, reason: reasonAgainst(value) };
}

function cycleTo(path: string): Reason {
  return { is: `the same object as ${shortened(path)}, a cycle`, instead: 'data without cycles' };
}

function* steps(value: object, kind: Kind): Iterable<readonly [string, unknown]> {
  const isArray = kind === 'array';
  if (isArray || kind === 'plain' || kind === 'bare' || kind === 'error') {
    const record = value as Readonly<Record<string, unknown>>;
    for (const key of propertiesOf(value, kind)) yield [property(key, isArray), record[key]];
  } else if (kind === 'map') {
    yield* entries(value as ReadonlyMap<unknown, unknown>);
  } else if (kind === 'set') {
    let count = 0;
    for (const member of value as ReadonlySet<unknown>) yield [` member #${++count}`, member];
  }
}

/** The properties of an error that carry values are not all enumerable. */
export function propertiesOf(value: object, kind: Kind): readonly string[] {
  if (kind !== 'error') return Object.keys(value);
  const hidden = ['stack', 'cause', 'errors'].filter((name) => Object.hasOwn(value, name));
  return [...new Set([...hidden, ...Object.keys(value)])];
}

function* entries(map: ReadonlyMap<unknown, unknown>): Iterable<readonly [string, unknown]> {
  let count = 0;
  for (const [key, value] of map) {
    yield [` key #${++count}`, key];
    const named = typeof key === 'string' || typeof key === 'number';
    const literal = typeof key === 'string' ? JSON.stringify(key) : String(key);
    yield [named ? `.get(${literal})` : ` value #${count}`, value];
  }
}

function property(key: string, isArray: boolean): string {
  if (/^[A-Za-z_$][\w$]*$/.test(key)) return `.${key}`;
  return isArray && /^\d+$/.test(key) ? `[${key}]` : `[${JSON.stringify(key)}]`;
}

/** A path as it fits into a sentence: its two ends, when it is very long. */
export function shortened(path: string): string {
  return path.length <= 200 ? path : `${path.slice(0, 100)} ... ${path.slice(-80)}`;
}
