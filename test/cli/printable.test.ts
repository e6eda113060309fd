/** Text of others commands the terminal that shows it, or looks like a line of ours. */

import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { diskTier } from '../../src/disk.ts';
import { Codec } from '../../src/protocol.ts';
import { printable, printableLines } from '../../src/text/printable.ts';
import { Warnings } from '../../src/text/warnings.ts';
import { Outages } from '../../src/tiers/outages.ts';
import { inFull } from '../effort.ts';
import { FakeClock } from '../fake-clock.ts';
import { Folder } from './command.ts';

const HOSTILE = '\x1b[2J\x9b31m\r\u202eevil\u2028\u200b\u{e0041}\ud800\x7f';
const SAFE = '\\u001b[2J\\u009b31m\\r\\u202eevil\\u2028\\u200b\\udb40\\udc41\\ud800\\u007f';
/** What must not reach a terminal; a line end may. */
const COMMANDS = /(?!\n)[\p{Cc}\p{Cs}\u202e\u2028\u200b]/u;

let folder: Folder;
beforeAll(async () => {
  folder = await Folder.create();
});
afterAll(() => folder.remove());

test('commands, line ends, marks of direction and halves of pairs become escapes', () => {
  expect(printable(HOSTILE)).toBe(SAFE);
  expect(printable('two\nlines\tof')).toBe('two\\nlines\\tof');
  expect(printableLines('two\r\nlines\tof\r\x1b')).toBe('two\nlines\tof\\u000d\\u001b');
});

test('text of any language stays as it is', () => {
  for (const text of ['Grüße', '日本語', 'עברית', '👩‍👩‍👧', 'می\u200cخواهم', 'C:\\path']) {
    expect(printable(text)).toBe(text);
  }
});

test('JSON means the same afterwards', () => {
  const report = { id: HOSTILE, text: 'two\nlines "quoted" \\ end' };
  expect(JSON.parse(printable(JSON.stringify(report)))).toEqual(report);
});

test.runIf(inFull)("an input line that is no JSON, and what a function's error says", async () => {
  const lines = `\x1b]0;title\x07\n"\x9b2J${'x'.repeat(200)}\n${JSON.stringify(HOSTILE)}\n`;
  for (const more of [[], ['--keep-going']]) {
    const args = ['map', './functions.js#refuses', '-', ...more];
    const { stderr, stdout } = await folder.run(args, more.length > 0 ? lines : lines.slice(0, 12));
    expect(stderr).toContain('line 1: SyntaxError');
    expect(stderr).not.toMatch(COMMANDS);
    expect(stdout).not.toContain('\x1b');
  }
});

test.runIf(inFull)(
  'a stack that a function throws, and the names of files and options',
  async () => {
    const hostile = JSON.stringify(HOSTILE);
    const thrown = await folder.run(['map', './functions.js#refuses'], `${hostile}\n`);
    expect(thrown.stderr).toContain('evil');
    expect(thrown.stderr).not.toMatch(COMMANDS);
    for (const args of [
      ['map', './\x1b[31m.js#f'],
      ['map', './functions.js#\x1b[31m'],
      ['cache', 'stats', '\x1b[31m'],
      ['map', './functions.js#refuses', '\x1b[31m'],
      ['map', '--\x1b[31m'],
    ]) {
      const { code, stderr } = await folder.run(args);
      expect(code).toBe(2);
      expect(stderr).toContain('\\u001b[31m');
      expect(stderr).not.toMatch(COMMANDS);
    }
  },
);

test.runIf(inFull)('ids of functions in a cache that others have written', async () => {
  const tier = diskTier({ path: `${folder.path}/cache` });
  const id = `app/x.js#\x1b[2Jf\r\u202e@1`;
  const value = { codec: Codec.true, bytes: new Uint8Array(0) };
  await tier.set(id, `${id}()`, { value, expiresAt: Infinity, ms: 1 });
  await tier.close();
  for (const args of [[], ['--json']]) {
    const { code, stdout } = await folder.run(['cache', 'stats', 'cache', ...args]);
    expect(code).toBe(0);
    expect(stdout).toContain('\\u001b[2Jf\\r\\u202e');
    expect(stdout).not.toMatch(COMMANDS);
  }
  const wrong = await folder.run(['cache', 'clear', 'cache', '--function', 'other']);
  expect(wrong.stderr).not.toMatch(COMMANDS);
  const shown = 'app/x.js#\\u001b[2Jf\\r\\u202e';
  const cleared = await folder.run(['cache', 'clear', 'cache', '--function', shown, '--json']);
  expect(JSON.parse(cleared.stdout)).toEqual({ entries: 1, functions: [id] });
  expect(cleared.stdout).not.toMatch(COMMANDS);
});

test("a server's message in a warning", () => {
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  new Outages('Redis', Error, new Warnings(new FakeClock())).begin(new Error(HOSTILE));
  const [text] = emit.mock.calls[0] as unknown as [string];
  emit.mockRestore();
  expect(text).toContain(SAFE);
  expect(text).not.toMatch(COMMANDS);
});
