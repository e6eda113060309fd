/** The file of `--out`: several writers, writers that were killed, and the input. */

import { spawnSync } from 'node:child_process';
import { linkSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Unusable } from '../../src/cli/ended.ts';
import { fileId, isSame } from '../../src/cli/file-id.ts';
import { type OutFile, openOutFile } from '../../src/cli/out-file.ts';
import { ownPartial } from '../../src/cli/partials.ts';
import { ownIdentity } from '../../src/tiers/disk/process-identity.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'threadmemo-out-'));
  file = join(folder, 'out');
});
afterEach(() => rm(folder, { recursive: true }));

const us = ownIdentity();
/** One that runs. */
const parent = { ...us, pid: process.ppid };
/** One that has ended, and left nothing to be waited for. */
const gone = { ...us, pid: spawnSync('true').pid };
const elsewhere = { ...gone, namespace: 'another container' };

const all = () => readdirSync(folder).sort();
const text = (name = 'out') => readFileSync(join(folder, name), 'utf8');
const inputAt = (path: string) => fileId(openSync(path, 'r'));

function leftBy(owner: typeof us): string {
  writeFileSync(ownPartial(file, owner), 'half of it\n');
  return ownPartial(file, owner);
}

function write(out: OutFile, what: string): OutFile {
  writeSync(out.fd, what);
  return out;
}

describe('two writers', () => {
  test('do not mix their lines, and the last to end leaves its own', () => {
    const one = write(openOutFile(file, undefined, parent), '1\n');
    const two = write(openOutFile(file), 'two\n');
    write(one, '1\n');
    write(two, 'two\n').complete();
    expect(text()).toBe('two\ntwo\n');
    write(one, '1\n').complete();
    expect(text()).toBe('1\n1\n1\n');
    expect(all()).toEqual(['out']);
  });

  test('one that ends early takes nothing from the other', () => {
    const one = write(openOutFile(file, undefined, parent), '1\n');
    const two = write(openOutFile(file), 'two\n');
    expect(one.leave()).toBe(`${file}.partial`);
    expect(text('out.partial')).toBe('1\n');
    two.complete();
    expect(text()).toBe('two\n');
  });
});

describe('results that are not complete', () => {
  test('stay until there is something better', () => {
    writeFileSync(file, 'before\n');
    write(openOutFile(file), 'half\n').leave();
    expect([text(), text('out.partial')]).toEqual(['before\n', 'half\n']);
    openOutFile(file).leave();
    expect([text(), text('out.partial')]).toEqual(['before\n', 'half\n']);
    write(openOutFile(file), 'all\n').complete();
    expect(text()).toBe('all\n');
    expect(all()).toEqual(['out']);
  });

  test('are left once: what is complete stays so', () => {
    const out = write(openOutFile(file), 'all\n');
    out.complete();
    expect(out.leave()).toBeUndefined();
    out[Symbol.dispose]();
    expect(all()).toEqual(['out']);
  });

  test('are left when they cannot take their place', () => {
    const out = write(openOutFile(file), 'all\n');
    const blocked = spawnSync('mkdir', [file]);
    expect(blocked.status).toBe(0);
    expect(() => out.complete()).toThrow(Unusable);
    out[Symbol.dispose]();
    expect(text('out.partial')).toBe('all\n');
  });
});

describe('what others have left behind', () => {
  test('is removed when its process is gone, and is in nobody’s way', () => {
    leftBy(gone);
    leftBy(us);
    write(openOutFile(file), 'all\n').complete();
    expect(all()).toEqual(['out']);
  });

  test('is let alone when its process may live, or it is of another file', () => {
    const left = [leftBy(parent), leftBy(elsewhere), `${file}2.partial`];
    writeFileSync(left[2] as string, '');
    write(openOutFile(file), 'all\n').complete();
    expect(all()).toEqual(['out', ...left.map((path) => path.slice(folder.length + 1)).sort()]);
  });
});

describe('the input', () => {
  test.each([
    ['the output', () => file],
    ['where incomplete results will be', () => `${file}.partial`],
    ['what a killed run has left', () => ownPartial(file, gone)],
  ])('cannot be %s', (_, path) => {
    writeFileSync(path(), '1\n');
    expect(() => openOutFile(file, inputAt(path()))).toThrow(/is the input; give another --out/);
    expect(readFileSync(path(), 'utf8')).toBe('1\n');
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test('is known by another name, too', () => {
    writeFileSync(file, '1\n');
    linkSync(file, join(folder, 'other'));
    expect(() => openOutFile(file, inputAt(join(folder, 'other')))).toThrow(Unusable);
  });

  test('may be what the output is, when that is no file: a terminal, /dev/null', () => {
    const id = inputAt('/dev/null');
    expect(isSame(id, id)).toBe(false);
    openOutFile('/dev/null', id).complete();
  });
});
