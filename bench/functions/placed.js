/**
 * Functions that wait, memoized for each place where they can run: `thread` is 'pool', 'caller' or
 * 'main'; and one of 20 ms of which ten may go on at a moment.
 */
import { setTimeout } from 'node:timers/promises';
import { gauged } from './gauge.js';
import { cacheEntries, wait20ms, wait100ms } from './plain.js';
import { memoize } from './threadmemo.js';

export const concurrency = 10;

/** @param {number} key */
async function waitGauged(key) {
  await gauged(() => setTimeout(20));
  return key + 1;
}

/** @param {'pool' | 'caller' | 'main'} thread */
function placed(thread) {
  const options = { max: cacheEntries, thread };
  const named = (/** @type {string} */ name) => ({ ...options, name: `${name} ${thread}` });
  const url = import.meta.url;
  return {
    wait20ms: memoize(url, wait20ms, named('wait20ms')),
    wait100ms: memoize(url, wait100ms, named('wait100ms')),
    limited: memoize(url, waitGauged, { ...named('limited'), concurrency }),
  };
}

export const places = { pool: placed('pool'), caller: placed('caller'), main: placed('main') };
