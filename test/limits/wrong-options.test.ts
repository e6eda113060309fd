/** A wrong or misspelt option is a silent default. */

import { spawnSync } from 'node:child_process';
import { createPool, type Duration, memoize, OptionError } from 'threadmemo';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { instrument } from '../../build/src/observe/otel.js';
import {
  resolveCallOptions,
  resolveMapOptions,
  resolveMemoizeOptions,
} from '../../build/src/options.js';
import { drainOf, resolvePoolOptions } from '../../build/src/pool/pool-options.js';
import { fakeClock } from '../../build/src/testing/fake-clock.js';
import { faults } from '../../build/src/testing/faults.js';
import { resolveDiskTierOptions } from '../../build/src/tiers/disk/options.js';
import { resolveKeyvTierOptions } from '../../build/src/tiers/keyv/options.js';
import { resolveMemcachedTierOptions } from '../../build/src/tiers/memcached/options.js';
import { resolveRedisTierOptions } from '../../build/src/tiers/redis/options.js';
import { resolveRouteOptions } from '../../build/src/web/route-options.js';
import { increment } from '../fixtures/quick.ts';
import { rejection } from '../threads/open.ts';

// The copy whose parts are at hand.
vi.mock('threadmemo', () => import('../../build/src/index.js'));

const duration = "milliseconds, or text such as '500ms', '10s', '5m', '1h' or '7d'";
const size = "bytes, or text such as '64kb', '256mb' or '2gb'";

/** The option, what is wrong with it, how its value is shown, and what it must be. */
type Wrong = readonly [option: string, value: unknown, shown: string, right: string];

const memoizeOptions: readonly Wrong[] = [
  ['name', '', "''", 'a text'],
  ['name', 7, '7', 'a text'],
  ['version', 2, '2', 'a text'],
  ['ttl', -1, '-1', duration],
  ['ttl', Number.NaN, 'NaN', duration],
  ['ttl', 'soon', "'soon'", duration],
  ['ttl', '10 parsecs', "'10 parsecs'", duration],
  ['ttl', '0.0.0s', "'0.0.0s'", duration],
  ['ttl', null, 'null', duration],
  ['cacheErrors', -1, '-1', duration],
  ['cacheErrors', true, 'true', duration],
  ['hardTimeout', -1, '-1', duration],
  ['hardTimeout', 'soon', "'soon'", duration],
  ['hardTimeout', '0s', "'0s'", 'more than 0; leave it out where there is to be no limit'],
  ['jitter', -0.1, '-0.1', 'a number from 0 to 1'],
  ['jitter', 1.1, '1.1', 'a number from 0 to 1'],
  ['jitter', '10%', "'10%'", 'a number from 0 to 1'],
  ['staleWhileRevalidate', -1, '-1', duration],
  ['staleIfError', 'long', "'long'", duration],
  ['errorBackoff', null, 'null', duration],
  ['refreshAhead', -1, '-1', 'true, false, or a number above 0'],
  ['refreshAhead', 'yes', "'yes'", 'true, false, or a number above 0'],
  ['softTimeout', '1s', "'1s'", 'given with staleIfError or staleWhileRevalidate: '],
  ['tti', 'rarely', "'rarely'", duration],
  ['tti', 0, '0', 'more than 0; leave it out where there is to be no limit'],
  ['max', -1, '-1', 'a whole number from 0 up'],
  ['max', 1.5, '1.5', 'a whole number from 0 up'],
  ['max', '10', "'10'", 'a whole number from 0 up'],
  ['concurrency', 0, '0', 'a whole number from 1 up'],
  ['concurrency', 1.5, '1.5', 'a whole number from 1 up'],
  ['key', 'id', "'id'", 'a function'],
  ['key', null, 'null', 'a function'],
  ['cache', true, 'true', 'a function'],
  ['cache', false, 'false', 'a function'],
  ['values', 'own', "'own'", "'copy', 'frozen' or 'shared'"],
  ['thread', 'worker', "'worker'", "'pool', 'caller' or 'main'"],
  ['thread', null, 'null', "'pool', 'caller' or 'main'"],
];

const callOptions: readonly Wrong[] = [
  ['signal', new AbortController(), 'AbortController', 'an AbortSignal'],
  ['signal', null, 'null', 'an AbortSignal'],
  ['timeout', -5, '-5', duration],
  ['timeout', 'never', "'never'", duration],
  ['timeout', Number.NaN, 'NaN', duration],
  ['forceRefresh', 1, '1', 'true or false'],
  ['maxAge', -1, '-1', duration],
  ['priority', 'urgent', "'urgent'", "'high', 'normal' or 'low'"],
];

const poolOptions: readonly Wrong[] = [
  ['threads', -1, '-1', 'a whole number from 0 to 1024'],
  ['threads', 2.5, '2.5', 'a whole number from 0 to 1024'],
  ['max', -1, '-1', 'a whole number from 0 up'],
  ['maxSize', -1, '-1', size],
  ['maxSize', Number.NaN, 'NaN', size],
  ['maxSize', 'much', "'much'", size],
  ['maxSize', '64mib', "'64mib'", size],
  ['maxSize', '12 monkeys', "'12 monkeys'", size],
  ['maxEntrySize', '1 MB or so', "'1 MB or so'", size],
  ['maxEntrySize', true, 'true', size],
  ['maxQueue', -1, '-1', 'a whole number from 0 up'],
  ['attempts', 0, '0', 'a whole number from 1 up'],
  ['tiers', 'disk', "'disk'", 'an array of tiers'],
  ['tiers', [{ name: 'disk' }], "name: 'disk'", 'tier'],
  ['worker', 4, '4', 'an object'],
  [
    'worker',
    { resourceLimits: { maxOldGenSizeMb: 5 } },
    'maxOldGenSizeMb',
    'maxOldGenerationSizeMb',
  ],
  ['worker', { resourceLimits: { stackSizeMb: '4' } }, "stackSizeMb is '4'", 'megabytes'],
  ['worker', { resourceLimits: { maxOldGenerationSizeMb: 0 } }, 'SizeMb is 0', 'megabytes'],
  ['worker', { resourceLimits: 512 }, '512', 'an object'],
  ['worker', null, 'null', 'an object'],
  ['worker', { execArgv: [5] }, '[ 5 ]', 'an array of texts'],
  ['worker', { env: 'production' }, "worker.env is 'production'", 'an object'],
];

function expectWrong(error: unknown, [option, , shown, right]: Wrong): void {
  expect(error).toBeInstanceOf(OptionError);
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toMatchObject({ code: 'ERR_THREADMEMO_OPTION', name: 'OptionError' });
  const { message } = error as OptionError;
  expect(message).toContain(option);
  expect(message).toContain(shown);
  expect(message).toContain(right);
}

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('it was accepted');
}

const fn = (n: number) => n;

describe('memoize', () => {
  test.each(memoizeOptions)('%s: %o', (...wrong) => {
    const [option, value] = wrong;
    const given = { name: `wrong ${option} ${String(value)}`, [option]: value };
    expectWrong(
      thrownBy(() => memoize(import.meta.url, fn, given)),
      wrong,
    );
  });

  test('a ttl of 0 has nothing that could be idle', () => {
    const memoized = () => memoize(import.meta.url, fn, { name: 'idle', ttl: 0, tti: '1m' });
    expectWrong(thrownBy(memoized), ['ttl', 0, '0', 'more than 0 with tti']);
  });

  test.each([
    ['an anonymous function', () => memoize(import.meta.url, () => 1), 'name'],
    ['no function', () => memoize(import.meta.url, 7 as never, { name: 'x' }), 'function'],
    ['nothing', () => memoize(import.meta.url, undefined as never), 'function'],
    [
      'options before it',
      () => memoize(import.meta.url, { max: 1 } as never, fn as never),
      'fn is {',
    ],
    ['no options', () => memoize(import.meta.url, fn, null as never), 'options'],
  ])('%s', (_, run, about) => {
    const error = thrownBy(run);
    expect(error).toBeInstanceOf(OptionError);
    expect((error as OptionError).message).toContain(about);
  });
});

describe('with', () => {
  test.each(callOptions)('%s: %o', (...wrong) => {
    const [option, value] = wrong;
    expectWrong(
      thrownBy(() => increment.with({ [option]: value })),
      wrong,
    );
  });
});

describe('createPool', () => {
  test.each(poolOptions)('%s: %o', async (...wrong) => {
    const [option, value] = wrong;
    const opened = createPool({ threads: 1, [option]: value });
    // Should it be accepted, then it must not stay open for the next one.
    opened.then((pool) => pool.close()).catch(() => undefined);
    expectWrong(await rejection(opened), wrong);
  });

  test.each(['four', '-1', '1.5', '2000'])('a number of threads in the environment: %s', (text) => {
    vi.stubEnv('THREADMEMO_THREADS', text);
    onTestFinished(() => void vi.unstubAllEnvs());
    const error = thrownBy(() => resolvePoolOptions({}));
    expectWrong(error, ['THREADMEMO_THREADS', text, `'${text}'`, 'a whole number from 0 to 1024']);
    expect(resolvePoolOptions({ threads: 3 }).threads).toBe(3);
  });

  test('an infinite number of threads', () => {
    const threads = Number.POSITIVE_INFINITY;
    // Not through createPool(): should it be accepted, then the machine would not survive it.
    const error = thrownBy(() => resolvePoolOptions({ threads }));
    expectWrong(error, ['threads', threads, 'Infinity', 'a whole number from 0 to 1024']);
  });
});

describe('null is no value of any option', () => {
  const routes = (given: object) => resolveRouteOptions(given);
  const makers: [what: string, run: (given: object) => unknown, options: string][] = [
    [
      'memoize',
      (given) => resolveMemoizeOptions(function named() {}, given),
      'name version ttl jitter hardTimeout staleWhileRevalidate staleIfError errorBackoff refreshAhead ' +
        'softTimeout tti cacheErrors track max concurrency key cache values thread errors tags',
    ],
    ['with', resolveCallOptions, 'signal timeout forceRefresh maxAge priority'],
    ['map', resolveMapOptions, 'concurrency signal onProgress'],
    [
      'createPool',
      resolvePoolOptions,
      'threads max maxSize maxEntrySize eviction explain tiers namespace tierTimeout maxQueue attempts clock ' +
        'faults worker',
    ],
    ['close', drainOf, 'drain'],
    ['fakeClock', fakeClock, 'now'],
    ['faults', faults, 'seed kill fail delay longest tiers print'],
    [
      'cached',
      routes,
      'ttl staleIfError staleWhileRevalidate errorBackoff vary key tags when cookies honorNoCache ' +
        'maxBodySize name version',
    ],
    [
      'diskTier',
      (given) => resolveDiskTierOptions({ path: '/tmp', ...given }),
      'path maxSize maxEntries maxAge',
    ],
    [
      'redisTier',
      resolveRedisTierOptions,
      'url client prefix maxAge compressAbove secret timeout connectTimeout',
    ],
    ['keyvTier', resolveKeyvTierOptions, 'prefix maxAge secret timeout'],
    [
      'memcachedTier',
      resolveMemcachedTierOptions,
      'servers connect prefix maxAge maxItemSize compressAbove secret timeout connectTimeout',
    ],
    ['instrument', instrument, 'meterProvider tracerProvider'],
  ];
  const each = makers.flatMap(([what, run, options]) =>
    options.split(' ').map((option) => [what, option, run] as const),
  );

  test.each(each)('%s: %s', (_, option, run) => {
    const error = thrownBy(() => run({ [option]: null }));
    expect(error).toBeInstanceOf(OptionError);
    expect((error as OptionError).message).toContain(option);
  });
});

test.each(['staleIfError', 'staleWhileRevalidate'])(
  'a route that keeps nothing, with %s',
  (option) => {
    const error = thrownBy(() => resolveRouteOptions({ ttl: 0, [option]: '1m' }));
    expectWrong(error, ['ttl', 0, '0', `more than 0 with ${option}`]);
    expect(resolveRouteOptions({ ttl: 0, [option]: 0 }).ttl).toBe(0);
  },
);

test.each([5, null, 'all', { meter: {} }])('instrument(%o)', (given) => {
  const error = thrownBy(() => instrument(given as never)());
  expect(error).toBeInstanceOf(OptionError);
});

describe('an option that does not exist', () => {
  const given = { maxsize: 7 } as never;
  test.each([
    ['memoize', async () => memoize(import.meta.url, fn, given), "no option 'maxsize'", 'values'],
    ['with', async () => increment.with(given), "no option 'maxsize'", 'forceRefresh'],
    ['createPool', () => createPool(given), "no option 'maxsize'", 'maxSize'],
    ['createPool', () => createPool({ worker: given }), "no option 'worker.maxsize'", 'worker.env'],
  ])('%s names it, and those that there are', async (where, run, what, known) => {
    const error = await rejection(run());
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toContain(where);
    expect(error.message).toContain(what);
    expect(error.message).toContain(known);
  });
});

describe('the module', () => {
  test.each([[undefined], [null], [''], ['render.ts'], ['https://a.b/c.js'], [{ url: 7 }], [7]])(
    '%o is none',
    (module) => {
      const error = thrownBy(() => memoize(module as never, fn, { name: 'wrong module' }));
      expect(error).toBeInstanceOf(OptionError);
      expect((error as OptionError).message).toMatch(/^module is .*it must be import\.meta/);
    },
  );
});

describe('durations', () => {
  const right = {
    ...{
      '0': 0,
      '0s': 0,
      '0ms': 0,
      '0.0h': 0,
      '00 min': 0,
      '0 days': 0,
      '10': 10,
      '1.5h': 5_400_000,
    },
    ...{ '.5s': 500, '2 m': 120_000, '5S': 5000, '1w': 604_800_000, '250MS': 250 },
  };
  test.each(Object.entries(right))('%s', (text, ms) => {
    expect(resolveCallOptions({ timeout: text as Duration }).timeout).toBe(ms);
    const { ttl } = resolveMemoizeOptions(fn, { name: 'x', ttl: text as Duration });
    expect(ttl).toBe(ms);
  });

  const wrong = [
    '',
    ' ',
    's',
    '-1s',
    '-0.5h',
    '0x',
    '0 parsecs',
    '1h30m',
    '1e3',
    ' 5s',
    '5s ',
    '0-',
    '٠s',
  ];
  test.each(wrong)('%j', (text) => {
    const open = () => resolveCallOptions({ timeout: text as Duration });
    expect(open).toThrow(OptionError);
    expect(open).toThrow(duration);
  });
});

describe('a module that was forgotten, or is none', () => {
  test.each([
    [
      'the function first',
      fn,
      /module is \[Function: fn\]; the module comes first: memoize\(import/,
    ],
    ['node -e', 'file:///app/[eval1]', /no file that worker threads could load.*node -e/],
    ['node -e, encoded', 'file:///app/%5Beval1%5D', /no file that worker threads/],
    ['node -e in CommonJS', '[eval]', /no file that worker threads/],
    ['the standard input', '/app/[stdin]', /no file that worker threads/],
    ['a data: URL', 'data:text/javascript,1', /no file that worker threads/],
    ['nothing', undefined, /module is undefined; it must be import\.meta\.url/],
  ])('%s', (_, module, says) => {
    for (const rest of [[{ ttl: '1m' }], [fn, { name: 'x' }], []]) {
      const define = () => memoize(module as string, ...(rest as [typeof fn]));
      expect(define).toThrow(OptionError);
      expect(define).toThrow(says);
    }
  });

  test('a real program of node -e gets the error', () => {
    const program = `
      import { memoize } from '${new URL('../../dist/src/index.js', import.meta.url).href}';
      memoize(import.meta.url, (x) => x, { name: 'f' });
    `;
    for (const args of [['-e', program], ['-']]) {
      const input = args.length > 1 ? '' : program;
      const all = ['--input-type=module', ...args];
      const { status, stderr } = spawnSync(process.execPath, all, { input, encoding: 'utf8' });
      expect(status).toBe(1);
      expect(stderr).toMatch(/OptionError: module is .*put the functions that are memoized in one/);
    }
  });
});
