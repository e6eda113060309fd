/** The two functions, memoized as a user would: without a version, so their code is looked at. */

import * as values from './disk-values.js';
import { memoize } from './threadmemo.js';

export const text = memoize(import.meta.url, values.text);
export const fields = memoize(import.meta.url, values.fields);
