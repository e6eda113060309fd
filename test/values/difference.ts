/**
 * The first difference between two values that a caller could see, or undefined. Stricter than
 * `util.isDeepStrictEqual`: the order of properties, what they allow, holes, and which parts are one
 * and the same object count, too.
 */
export function difference(expected: unknown, actual: unknown): string | undefined {
  const counterparts = new Map<object, object>();
  const taken = new Set<object>();

  function compare(left: unknown, right: unknown, path: string): string | undefined {
    if (!isObject(left) || !isObject(right)) {
      return Object.is(left, right) ? undefined : `${path}: ${String(left)}, ${String(right)}`;
    }
    if (counterparts.has(left) || taken.has(right)) {
      return counterparts.get(left) === right ? undefined : `${path}: another object`;
    }
    counterparts.set(left, right);
    taken.add(right);
    if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return `${path}: prototype`;
    return compareParts(slotsOf(left), slotsOf(right), path) ?? compareOwn(left, right, path);
  }

  function compareOwn(left: object, right: object, path: string): string | undefined {
    const names = Reflect.ownKeys(left);
    const difference = compareParts(names, Reflect.ownKeys(right), `${path} names`);
    if (difference !== undefined) return difference;
    for (const name of names) {
      const { value: a, ...one } = Object.getOwnPropertyDescriptor(left, name) ?? {};
      const { value: b, ...two } = Object.getOwnPropertyDescriptor(right, name) ?? {};
      const place = `${path}.${String(name)}`;
      if (JSON.stringify(one) !== JSON.stringify(two)) return `${place}: attributes`;
      const inside = compare(a, b, place);
      if (inside !== undefined) return inside;
    }
    return undefined;
  }

  function compareParts(left: readonly unknown[], right: readonly unknown[], path: string) {
    if (left.length !== right.length) return `${path}: ${left.length}, ${right.length} parts`;
    for (const [i, part] of left.entries()) {
      const inside = compare(part, right[i], `${path} #${i}`);
      if (inside !== undefined) return inside;
    }
    return undefined;
  }

  return compare(expected, actual, 'value');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** What an object holds besides its properties. */
function slotsOf(object: object): readonly unknown[] {
  if (object instanceof Map) return [...object].flat();
  if (object instanceof Set) return [...object];
  if (object instanceof Date) return [object.getTime()];
  if (object instanceof RegExp) return [object.source, object.flags];
  if (object instanceof ArrayBuffer) return [...new Uint8Array(object)];
  if (object instanceof DataView) return slotsOf(object.buffer.slice(object.byteOffset));
  return [Number, String, Boolean, BigInt].some((each) => object instanceof each)
    ? [object.valueOf()]
    : [];
}
