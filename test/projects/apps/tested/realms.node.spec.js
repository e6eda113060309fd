import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { checks } from './checks.js';

test('a memoized function is computed once, in a worker thread', () => checks(deepEqual));
