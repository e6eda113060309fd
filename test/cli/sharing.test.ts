/** Two commands with the same inputs and one cache are one job. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { Folder, ndjson, numbers } from './command.ts';

let folder: Folder;
beforeEach(async () => {
  folder = await Folder.create();
});
afterEach(() => folder.remove());

const lines = 300;

function start(out: string) {
  const target = './functions.js#takesMs';
  const options = ['--cache', 'cache', '--threads', '1', '--out', out, '--json'];
  const running = folder.start(['map', target, 'inputs', ...options]);
  running.child.stdin?.end();
  return running;
}

test('each input is computed by one of them, and both write all results', async () => {
  await folder.write('inputs', ndjson(numbers(lines)));
  const ended = await Promise.all([start('one').ended, start('two').ended]);
  expect(ended.map(({ code }) => code)).toEqual([0, 0]);
  const reports = ended.map(({ stdout }) => JSON.parse(stdout));
  expect(reports.reduce((sum, { computed }) => sum + computed, 0)).toBe(lines);
  expect(await folder.read('one')).toBe(ndjson(numbers(lines)));
  expect(await folder.read('two')).toBe(ndjson(numbers(lines)));
});

test('when one is killed, the other does the rest', async () => {
  await folder.write('inputs', ndjson(numbers(lines)));
  const doomed = start('one');
  const survivor = start('two');
  await folder.appears('ten-computed');
  doomed.child.kill('SIGKILL');
  const { code, stdout } = await survivor.ended;
  expect({ code, lines: JSON.parse(stdout).lines }).toEqual({ code: 0, lines });
  expect(await folder.read('two')).toBe(ndjson(numbers(lines)));
});
