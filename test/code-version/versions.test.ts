/** Function versions as a user meets them: programs that are run, changed, and run again. */

import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FingerprintError } from '../../src/errors.ts';
import { IN_A_TURN } from '../../src/order/turnstile.ts';
import { Codec } from '../../src/protocol.ts';
import { functionVersions } from '../../src/tiers/function-versions.ts';
import { mapTier } from '../../src/tiers/map-tier.ts';
import type { Tier, TierRecord } from '../../src/tiers/tier.ts';
import { versionedTier } from '../../src/tiers/versioned-tier.ts';
import { inFull, variants } from '../effort.ts';
import { tierSuite } from '../suites/tier.ts';
import { createProject, type Files, type Project } from './project.ts';

const warn = () => {};
const root = fileURLToPath(new URL('../..', import.meta.url));

const program = (options = '{}'): Files => ({
  'package.json': '{ "name": "app", "type": "module" }',
  'render.js': `
import { memoize } from 'threadmemo';
import { helper } from './helper.js';
export const render = memoize(import.meta.url, function render(x) { return helper(x); }, ${options});
`,
  'helper.js': 'export const helper = (x) => x + 1;',
  'main.js': `
import { createPool } from 'threadmemo';
import { diskTier } from 'threadmemo/disk';
import { render } from './render.js';
const pool = await createPool({ threads: 1, tiers: [diskTier({ path: 'cache' })] });
const value = await render(1);
const { computations } = render.stats();
const { hits, failures } = pool.stats().tiers.disk;
await pool.close();
console.log(JSON.stringify({ value, computations, hits, failures, id: render.id }));
`,
});

interface Run {
  readonly value: number;
  readonly computations: number;
  readonly hits: number;
  readonly failures: number;
  readonly id: string;
  readonly warnings: string;
}

let project: Project;
beforeEach(() => {
  project = createProject(program());
  mkdirSync(join(project.folder, 'node_modules'));
  symlinkSync(root, join(project.folder, 'node_modules/threadmemo'));
});
afterEach(() => project.remove());

async function run(): Promise<Run> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['main.js'], {
    cwd: project.folder,
    timeout: 170_000,
  });
  return { ...JSON.parse(stdout), warnings: stderr };
}

test.runIf(inFull)(
  'a changed helper is computed again, and what the old code has made is there when it returns',
  async () => {
    expect(await run()).toMatchObject({ value: 2, computations: 1, hits: 0, warnings: '' });
    expect(await run()).toMatchObject({
      value: 2,
      computations: 0,
      hits: 1,
      id: 'app/render.js#render',
    });
    project.write({ 'helper.js': 'export const helper = (x) => x + 2;' });
    expect(await run()).toMatchObject({ value: 3, computations: 1, hits: 0 });
    project.write({ 'helper.js': '/* as it was */ export const helper = (x) => x + 1;' });
    expect(await run()).toMatchObject({ value: 2, computations: 0, hits: 1, failures: 0 });
  },
);

test.runIf(inFull)('a changed function leaves what the one beside it has made', async () => {
  const beside = (n: number) => `${program()['render.js']}
export const other = memoize(import.meta.url, function other(x) { return x + ${n}; });
`;
  project.write({ 'render.js': beside(1) });
  expect(await run()).toMatchObject({ computations: 1, hits: 0 });
  project.write({ 'render.js': beside(2) });
  expect(await run()).toMatchObject({ value: 2, computations: 0, hits: 1, failures: 0 });
  project.write({ 'render.js': beside(2).replace('helper(x)', 'helper(x) + 1') });
  expect(await run()).toMatchObject({ value: 3, computations: 1, hits: 0 });
});

test.runIf(inFull)(
  'code that was changed under a running process is not taken for the one that runs',
  async () => {
    const main = program()['main.js'] as string;
    const change = `
import { writeFileSync } from 'node:fs';
writeFileSync('helper.js', 'export const helper = (x) => x + 2;');
`;
    project.write({
      'main.js': `${main.split('\nconst value')[0]}${change}const value${main.split('\nconst value')[1]}`,
    });
    const { warnings, ...rest } = await run();
    expect(rest).toMatchObject({ computations: 1, hits: 0 });
    expect(rest.failures).toBeGreaterThan(0);
    expect(warnings).toContain(`${join(project.folder, 'helper.js')} was changed after`);
    project.write({ 'main.js': main });
    expect(await run()).toMatchObject({ value: 3, computations: 1, hits: 0, warnings: '' });
  },
);

test.runIf(inFull)('with a version of its own, the code is not looked at', async () => {
  project.write(program(`{ version: '1' }`));
  expect(await run()).toMatchObject({ value: 2, computations: 1 });
  project.write({ 'helper.js': 'export const helper = (x) => x + 2;' });
  expect(await run()).toMatchObject({ value: 2, computations: 0, hits: 1 });
});

/** A whole with a version of its own, so that nothing but its part tells of the part's code. */
const tracked = (change: number, version?: string): Files => ({
  'render.js': `
import { memoize } from 'threadmemo';
export const part = memoize(import.meta.url, function part(x) { return x + ${change}; }, ${JSON.stringify({ version })});
export const render = memoize(import.meta.url, function render(x) { return part(x); }, { track: true, version: '1' });
`,
});

test.runIf(inFull).each([undefined, '1'])(
  'what was made of a part (track) is computed again when its code changes, whose version is %s',
  async (version) => {
    project.write(tracked(1, version));
    expect(await run()).toMatchObject({ value: 2, computations: 1, hits: 0, warnings: '' });
    expect(await run()).toMatchObject({ value: 2, computations: 0, hits: 1 });
    project.write(tracked(2, version && '2'));
    expect(await run()).toMatchObject({ value: 3, computations: 1, hits: 0, failures: 0 });
    expect(await run()).toMatchObject({ value: 3, computations: 0, hits: 1 });
  },
);

test('code whose version is unknown costs the tier, not the call, and is warned of once', async () => {
  project.write({
    'helper.js': `${program()['helper.js']}\nexport const l = () => import('./gone.js');`,
  });
  for (const _ of variants([1, 2], 1)) {
    const { warnings, ...rest } = await run();
    expect(rest).toMatchObject({ value: 2, computations: 1, hits: 0 });
    expect(rest.failures).toBeGreaterThan(0);
    expect(warnings).toContain(join(project.folder, 'helper.js:2'));
    expect(warnings.match(/ThreadmemoWarning/g)).toHaveLength(1);
  }
});

const RECORD: TierRecord = {
  value: { codec: Codec.buffer, bytes: Uint8Array.of(1) },
  expiresAt: Number.POSITIVE_INFINITY,
  ms: 1,
};

/** What a process with this code makes of a tier. */
function asSeenBy(code: string, tier: Tier): Tier {
  const info = (id: string) => ({ id, module: 'file:///m.js', max: 1, versioned: false });
  const versions = functionVersions({ fingerprints: { of: async () => code }, infoOf: info, warn });
  return versionedTier(tier, versions);
}

tierSuite('a tier with function versions', () => asSeenBy('1f', mapTier()), {
  withoutLease: 'the tier inside has none',
});

test('the key has the id with the fingerprint, and to forget reaches only the present code', async () => {
  const records = new Map();
  const [old, present] = ['1f', '2e'].map((code) => asSeenBy(code, mapTier(records))) as [
    Tier,
    Tier,
  ];
  await old.set('f', 'f(1)', RECORD);
  await present.set('f', 'f(1)', RECORD);
  expect([...records.keys()]).toEqual(['f@1f', 'f@2e']);
  expect([...records.get('f@1f').keys()]).toEqual(['f@1f(1)']);
  await present.clear('f');
  expect(await present.get('f', 'f(1)')).toBeUndefined();
  expect(await old.get('f', 'f(1)')).toEqual(RECORD);
  await present.clear();
  expect(await old.get('f', 'f(1)')).toBeUndefined();
});

test('what a tier answers at once is answered at once when the fingerprint is known', () => {
  const records = new Map([['f@1f', new Map([['f@1f(1)', RECORD]])]]);
  const getNow = (functionId: string, key: string) => records.get(functionId)?.get(key);
  const info = (id: string) => ({ id, module: 'file:///m.js', max: 1, versioned: false });
  const versions = functionVersions({ fingerprints: { of: () => '1f' }, infoOf: info, warn });
  const tier = versionedTier({ ...mapTier(records), getNow }, versions);
  expect(tier.getNow?.('f', 'f(1)')).toEqual(RECORD);
});

test('what a tier answers at once waits until the fingerprint is known', async () => {
  const records = new Map<string, Map<string, TierRecord>>();
  const getNow = (functionId: string, key: string) => records.get(functionId)?.get(key);
  const tier = asSeenBy('1f', { ...mapTier(records), getNow });
  expect(tier.getNow?.('f', 'f(1)')).toBe('later');
  expect(await tier.get('f', 'f(1)')).toBeUndefined();
  expect(tier.getNow?.('f', 'f(1)')).toBeUndefined();
  await tier.set('f', 'f(1)', RECORD);
  expect(tier.getNow?.('f', 'f(1)')).toEqual(RECORD);
});

test('functions of one module that fail alike are warned of once', async () => {
  const warnings: string[] = [];
  const of = () => Promise.reject(new FingerprintError('broken'));
  const info = (id: string) => ({ id, module: 'file:///m.js', max: 1, versioned: false });
  const { idOf } = functionVersions({
    fingerprints: { of },
    infoOf: info,
    warn: (why) => warnings.push(why),
  });
  await expect(idOf('f')).rejects.toThrow(FingerprintError);
  await expect(idOf('g')).rejects.toThrow(FingerprintError);
  expect(warnings).toEqual(['broken']);
});

test('functions that wait for the code of their module go on a few a turn, in their order', async () => {
  let found = (_: string) => {};
  const code = new Promise<string>((resolve) => {
    found = resolve;
  });
  const { idOf } = functionVersions({
    fingerprints: { of: () => code },
    infoOf: (id: string) => ({ id, module: 'file:///m.js', max: 1, versioned: false }),
    warn: () => {},
  });
  const told: string[] = [];
  const waiting = Array.from({ length: 3 * IN_A_TURN }, (_, n) =>
    Promise.resolve(idOf(`f${n}`)).then((id) => void told.push(id)),
  );
  found('1f');
  for (let before = 0; told.length < waiting.length; before = told.length) {
    await new Promise((resolve) => setImmediate(resolve));
    expect(told.length - before).toBeLessThanOrEqual(IN_A_TURN);
  }
  expect(told).toEqual(waiting.map((_, n) => `f${n}@1f`));
});
