/** The function that `first-answer.js` calls. */
import { built } from '../built.js';

/** @type {typeof import('../../../dist/src/index.js')} */
const { memoize } = await import(built('index'));

export const plusOne = memoize(import.meta.url, /** @param {number} n */ (n) => n + 1, {
  name: 'plusOne',
});
