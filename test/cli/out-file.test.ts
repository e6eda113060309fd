/** The file of `--out`: several writers, writers that were killed, and the input. */

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Unusable } from '../../src/cli/ended.ts';
import { fileId, isSame } from '../../src/cli/file-id.ts';
import { type OutFile, openOutFile } from '../../src/cli/out-file.ts';
import { ownPartial } from '../../src/cli/partials.ts';
import { ownIdentity } from '../../src/tiers/disk/process-identity.ts';
import { removeFolder } from '../remove-folder.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'threadmemo-out-'));
  file = join(folder, 'out');
});
afterEach(() => removeFolder(folder));

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
  test('is removed when its process is gone, and is in no run’s way', () => {
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

describe('what is open already', () => {
  const runWith = (line: string) => {
    const code =
      `import { openOutFile } from ${JSON.stringify(import.meta.resolve('../../build/src/cli/out-file.js'))};` +
      "import { writeSync } from 'node:fs';" +
      "const out = openOutFile('/dev/stdout'); writeSync(out.fd, 'new\\n'); out.complete();";
    return spawnSync('bash', ['-c', line], {
      encoding: 'utf8',
      env: { ...process.env, NODE: process.execPath, CODE: code, OUT: file },
    });
  };

  test('is written to as a pipe', () => {
    const { stdout, stderr } = runWith('"$NODE" --input-type=module -e "$CODE" | cat');
    expect({ stdout, stderr }).toEqual({ stdout: 'new\n', stderr: '' });
  });

  test('is appended to as a file, where the shell appends', () => {
    writeFileSync(file, 'old\n');
    runWith('"$NODE" --input-type=module -e "$CODE" >> "$OUT"');
    expect(text()).toBe('old\nnew\n');
  });
});

test('an empty path is refused', () => {
  expect(() => openOutFile('')).toThrow(/its path is empty/);
});

describe('a file that is there already', () => {
  const replace = (path = file) => write(openOutFile(path), 'new\n').complete();
  const modeOf = (path = file) => (statSync(path).mode & 0o777).toString(8);
  beforeEach(() => writeFileSync(file, 'an old one, which is longer\n'));

  test.each([0o600, 0o640, 0o664, 0o755])('keeps its mode %o, and so do results so far', (mode) => {
    chmodSync(file, mode);
    const out = write(openOutFile(file), 'new\n');
    expect(all()).toHaveLength(2);
    for (const name of all()) expect(modeOf(join(folder, name))).toBe(mode.toString(8));
    out.complete();
    expect([text(), modeOf()]).toEqual(['new\n', mode.toString(8)]);
  });

  test('that is private while results come in is private in the end', () => {
    const out = write(openOutFile(file), 'new\n');
    chmodSync(file, 0o600);
    out.complete();
    expect([text(), modeOf()]).toEqual(['new\n', '600']);
  });

  test('keeps its other names', () => {
    linkSync(file, join(folder, 'other'));
    replace();
    expect([text(), text('other')]).toEqual(['new\n', 'new\n']);
    expect(all()).toEqual(['other', 'out']);
  });

  test('is found through links, which stay', () => {
    symlinkSync('out', join(folder, 'link'));
    symlinkSync(join(folder, 'link'), join(folder, 'link to the link'));
    replace(join(folder, 'link to the link'));
    expect(text()).toBe('new\n');
    expect(all()).toEqual(['link', 'link to the link', 'out']);
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
  });

  test.each([0o444, 0o400, 0o555])('that is read-only (%o) is left as it is', (mode) => {
    chmodSync(file, mode);
    expect(() => openOutFile(file)).toThrow(
      /cannot write .*out: it is read-only; make it writable/,
    );
    expect(all()).toEqual(['out']);
    expect(text()).toBe('an old one, which is longer\n');
  });

  /** Only root can give files away. */
  test.runIf(process.getuid?.() === 0)('keeps its owner and its group', () => {
    chownSync(file, 12_345, 23_456);
    chmodSync(file, 0o640);
    replace();
    const { uid, gid } = statSync(file);
    expect([text(), uid, gid, modeOf()]).toEqual(['new\n', 12_345, 23_456, '640']);
  });

  test.runIf(process.getuid?.() === 0)(
    'of another user keeps its owner when a group writes it',
    () => {
      chmodSync(folder, 0o777);
      chownSync(file, 12_345, 0);
      chmodSync(file, 0o660);
      // Of the same group, and not root: it may write the file, and not give one away.
      const program = `
      import { openOutFile } from ${JSON.stringify(new URL('../../build/src/cli/out-file.js', import.meta.url).href)};
      import { writeSync } from 'node:fs';
      process.setuid(23_456);
      const out = openOutFile(${JSON.stringify(file)});
      writeSync(out.fd, 'new\\n');
      out.complete();`;
      const args = ['--input-type=module', '--eval', program];
      const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      expect(stderr).toBe('');
      const { uid, gid } = statSync(file);
      expect([text(), uid, gid, modeOf()]).toEqual(['new\n', 12_345, 0, '660']);
      expect(all()).toEqual(['out']);
    },
  );
});

describe('a link that leads nowhere', () => {
  test('stays, and the results are where it leads', () => {
    symlinkSync('results', file);
    write(openOutFile(file), 'new\n').complete();
    expect(all()).toEqual(['out', 'results']);
    expect(text('results')).toBe('new\n');
  });

  test('for ever is refused', () => {
    symlinkSync('other', file);
    symlinkSync('out', join(folder, 'other'));
    expect(() => openOutFile(file)).toThrow(
      /cannot write .*out: it is a link that leads to itself/,
    );
  });

  test('to a folder that does not exist is refused, and stays', () => {
    symlinkSync('missing/results', file);
    expect(() => openOutFile(file)).toThrow(Unusable);
    expect(all()).toEqual(['out']);
  });
});
