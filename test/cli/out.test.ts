/** `threadmemo map --out`; what becomes of the file itself is in out-file.test.ts. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { command, Folder, ndjson, numbers } from './command.ts';

let folder: Folder;
beforeAll(async () => {
  folder = await Folder.create();
});
afterAll(() => folder?.remove());

test.runIf(inFull)(
  'has the results when they are complete, and the report goes to the standard output',
  async () => {
    const args = ['map', './functions.js#double', '--out', 'doubled', '--json', '--threads', '1'];
    const { code, stdout } = await folder.run(args, ndjson([1, 2, 2]));
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ lines: 3, written: 3, computed: 2, failed: 0 });
    expect(await folder.read('doubled')).toBe('2\n4\n4\n');
    expect(folder.has('doubled.partial')).toBe(false);
  },
);

test.runIf(inFull)('keeps what was there when a line fails', async () => {
  await folder.write('kept', 'before\n');
  const args = ['map', './functions.js#third', '--out', 'kept'];
  expect((await folder.run(args, ndjson(numbers(5)))).code).toBe(1);
  expect(await folder.read('kept')).toBe('before\n');
  expect(await folder.read('kept.partial')).toBe('1\n2\n');
});

test('where nothing can be written is an error before anything runs', async () => {
  const args = ['map', './functions.js#gated', '--out', 'absent/doubled'];
  const { code, stderr } = await folder.run(args, ndjson([{ id: 1, wait: true }]));
  expect(code).toBe(2);
  expect(stderr).toMatch(/cannot write absent\/doubled: .*ENOENT/);
  expect(folder.has('started')).toBe(false);
});

test('leaves nothing when what comes after it cannot be opened', async () => {
  const args = ['map', './functions.js#double', '--out', 'tried', '--threads', '2000'];
  expect((await folder.run(args)).code).toBe(2);
  expect(folder.names().filter((name) => name.startsWith('tried'))).toEqual([]);
});

test.each([
  ['q', 'q'],
  ['q.partial', 'q'],
])('of the input %s cannot be %s', async (input, out) => {
  await folder.write(input, '1\n2\n');
  const { code, stderr } = await folder.run(['map', './functions.js#double', input, '--out', out]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/cannot write q: .* is the input; give another --out/);
  expect(await folder.read(input)).toBe('1\n2\n');
});

test.runIf(inFull)(
  'is not what the standard output appends to, when that is the input',
  async () => {
    await folder.write('q', '1\n');
    const line = `exec ${process.execPath} ${command} map ./functions.js#double q >> q`;
    const { code, stderr } = await folder.start(['-c', line], 'bash').ended;
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'threadmemo: cannot write to the standard output: it is the input\n',
    });
  },
);
