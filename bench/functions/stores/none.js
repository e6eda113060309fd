/** No cache: everything is computed each time. */

export function open() {
  return { isAsync: false, get: () => undefined, set() {}, clear() {}, close() {} };
}
