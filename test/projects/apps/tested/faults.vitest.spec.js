import { createPool } from 'threadmemo';
import { faults } from 'threadmemo/testing';
import { expect, test } from 'vitest';
import { layout } from './layout.js';

test('threads that die take no answer with them', async () => {
  const chaos = faults({ seed: 13, kill: 0.05, fail: 0 });
  const pool = await createPool({ threads: 2, attempts: 20, faults: chaos });
  const texts = Array.from({ length: 50 }, (_, n) => `text ${n}`);
  const laidOut = await Promise.all(texts.map((text) => layout(text, 80)));
  expect(laidOut.flatMap(({ lines }) => lines)).toEqual(texts);
  expect(chaos.counts().killed).toBeGreaterThan(0);
  await pool.close();
});
