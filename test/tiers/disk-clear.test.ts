/** A directory with many functions is cleared without going through all of them for each. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase } from '../../src/tiers/disk/database.ts';
import { DiskKeys, functionIdOf } from '../../src/tiers/disk/disk-key.ts';
import { Functions } from '../../src/tiers/disk/functions.ts';
import { STEP } from '../../src/tiers/disk/steps.ts';
import { Transactions } from '../../src/tiers/disk/transactions.ts';
import { FakeClock } from '../fake-clock.ts';

const setup = () => {
  const path = mkdtempSync(join(tmpdir(), 'threadmemo-clear-'));
  const db = openDatabase(path);
  onTestFinished(async () => {
    await db.close();
    rmSync(path, { recursive: true, maxRetries: 20, retryDelay: 10 });
  });
  const functions = new Functions(db, new Transactions(db, new FakeClock()));
  const keys = new DiskKeys();
  const note = (ids: readonly string[]) =>
    db.functions.batch(() => {
      for (const id of ids) functions.note(keys.function(id));
    });
  const versions = async (id: string) =>
    (await functions.versionsOf(id)).map(({ identity }) => functionIdOf(identity)).sort();
  return { looked: vi.spyOn(db.functions, 'getRange'), note, versions };
};

test('functions that are cleared together are looked up once, or twice', async () => {
  const { looked, note, versions } = setup();
  const ids = ['@a/b/c.js#f', '@a/b/c.js#f@1', '@a/b/c.js#f@1@2', 'd.js#g@1'];
  await note(ids);
  const found = ['@a/b/c.js#f', '@a/b/c.js#f@1', 'd.js#g'].map(versions);
  expect(await Promise.all(found)).toEqual([ids.slice(1, 3), ids.slice(2, 3), ['d.js#g@1']]);
  expect(looked).toHaveBeenCalledTimes(2);
  await note(['d.js#g@2']);
  expect(await versions('d.js#g')).toEqual(['d.js#g@1', 'd.js#g@2']);
});

test('thousands are looked up in several turns, and who asks meanwhile finds what was noted until then', async () => {
  const { looked, note, versions } = setup();
  const ids = Array.from({ length: 3 * STEP }, (_, n) => `a.js#f@${n}`);
  await note(ids);
  const early = versions('a.js#f');
  expect(looked).toHaveBeenCalledTimes(1);
  await note(['a.js#f@late', 'a.js#g@late']);
  const late = Promise.all([versions('a.js#g'), versions('a.js#f')]);
  expect(await early).toEqual(expect.arrayContaining(ids));
  const [ofG, ofF] = await late;
  expect(ofG).toEqual(['a.js#g@late']);
  expect(ofF).toEqual([...ids, 'a.js#f@late'].sort());
  for (const [range] of looked.mock.calls) expect(range).toMatchObject({ limit: STEP });
});
