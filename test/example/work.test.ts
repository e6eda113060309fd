/**
 * The compression example does the same bounded work every time: its choice of files, its list of
 * requests, and the clients that work it down.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  chooseFiles,
  findFiles,
  requestList,
  totalBytes,
  workDown,
} from '../../examples/compress/work.ts';

const sizes = { smallest: 10, largest: 100, total: 1_000 };
const repeats = { fewest: 3, most: 8 };

describe('the files found', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'threadmemo-select-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 10 }));

  function write(path: string, content: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const found = () => findFiles(folder, sizes).map(({ path }) => path);

  test('are scripts and texts in order of path by code unit', () => {
    const paths = ['b/z.md', 'a.js', 'B.mjs', 'b.cjs', 'a/c.js'];
    for (const path of paths) write(path, path.padEnd(20));
    write('data.json', ' '.repeat(20));
    expect(found()).toEqual(['B.mjs', 'a.js', 'a/c.js', 'b.cjs', 'b/z.md']);
  });

  test('are neither too small nor too large', () => {
    for (const size of [9, 10, 100, 101]) write(`${size}.js`, 'x'.repeat(size));
    expect(found()).toEqual(['10.js', '100.js']);
  });

  test('have contents of their own: the first path wins', () => {
    for (const path of ['c.js', 'b.js', 'a/d.js']) write(path, 'the same content');
    expect(found()).toEqual(['a/d.js']);
  });

  test("leave out tools' hidden folders", () => {
    write('.vite/deps/chunk.js', 'x'.repeat(20));
    write('package/.cache/chunk.js', 'y'.repeat(20));
    expect(found()).toEqual([]);
  });
});

describe('the files chosen', () => {
  const files = Array.from({ length: 50 }, (_, index) => ({
    path: `${index}.js`,
    content: Buffer.alloc(20 + index),
  }));

  test('are the same for the same seed, and others for another', () => {
    expect(chooseFiles(files, sizes, 1)).toEqual(chooseFiles(files, sizes, 1));
    expect(chooseFiles(files, sizes, 1)).not.toEqual(chooseFiles(files, sizes, 2));
  });

  test('fill the total and stay within it', () => {
    const bytes = totalBytes(chooseFiles(files, sizes, 1));
    expect(bytes).toBeLessThanOrEqual(sizes.total);
    expect(bytes).toBeGreaterThan(sizes.total - sizes.largest);
  });

  test('are all of them when they fit', () => {
    const chosen = chooseFiles(files, { ...sizes, total: totalBytes(files) }, 1);
    expect(new Set(chosen)).toEqual(new Set(files));
  });
});

describe('the requests', () => {
  const items = Array.from({ length: 400 }, (_, index) => index);
  const requests = requestList(items, repeats, 1);
  const wanted = items.map((item) => requests.filter((request) => request === item).length);

  test('are the same for the same seed, and others for another', () => {
    expect(requestList(items, repeats, 1)).toEqual(requests);
    expect(requestList(items, repeats, 2)).not.toEqual(requests);
  });

  test('name every file as often as allowed, from the fewest to the most', () => {
    expect(Math.min(...wanted)).toBe(repeats.fewest);
    expect(Math.max(...wanted)).toBe(repeats.most);
  });

  test('are skewed: more files are wanted seldom than often', () => {
    const seldom = wanted.filter((times) => times === repeats.fewest).length;
    const often = wanted.filter((times) => times === repeats.most).length;
    expect(seldom).toBeGreaterThan(2 * often);
  });
});

describe('the clients', () => {
  test('make every request once, no more at a time than there are clients', async () => {
    const requests = Array.from({ length: 100 }, (_, index) => index);
    const asked: number[] = [];
    let open = 0;
    let mostOpen = 0;
    await workDown(requests, 8, async (request) => {
      mostOpen = Math.max(mostOpen, ++open);
      asked.push(request);
      await Promise.resolve();
      open--;
    });
    expect(asked).toEqual(requests);
    expect(mostOpen).toBe(8);
  });

  test('stop with the first error', async () => {
    const fails = async (request: number) => {
      if (request === 3) throw new Error('no answer');
    };
    await expect(workDown([1, 2, 3, 4], 2, fails)).rejects.toThrow('no answer');
  });
});
