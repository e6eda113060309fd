/** The two functions, memoized as anybody would: without a version, so their code is looked at. */
import { memoize } from '../threadmemo.js';
import * as values from './values.js';

export const text = memoize(import.meta.url, values.text);
export const fields = memoize(import.meta.url, values.fields);
