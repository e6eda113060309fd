/** A `Map` on the main thread, asked through a MessagePort. See `in-workers/port.ts` for its other end. */

/** @param {{ port: import('node:worker_threads').MessagePort }} data */
export function open({ port }) {
  /** @type {Map<number, (value: unknown) => void>} */
  const waiting = new Map();
  let last = 0;
  port.on('message', ({ id, value }) => {
    waiting.get(id)?.(value);
    waiting.delete(id);
  });
  return {
    isAsync: true,
    get: (/** @type {string} */ key) =>
      new Promise((resolve) => {
        waiting.set(++last, resolve);
        port.postMessage({ type: 'get', id: last, key });
      }),
    set: (/** @type {string} */ key, /** @type {unknown} */ value) =>
      port.postMessage({ type: 'set', key, value }),
    clear: () => port.postMessage({ type: 'clear' }),
    close: () => port.close(),
  };
}
