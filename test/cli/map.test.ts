/** `threadmemo map`: lines, results, failures, options. */

import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cases, inFull, variants } from '../effort.ts';
import { Folder, ndjson, numbers } from './command.ts';

let folder: Folder;
beforeAll(async () => {
  folder = await Folder.create();
});
afterAll(() => folder?.remove());

const lines = (...texts: string[]) => texts.map((text) => `${text}\n`).join('');

describe('what it runs', () => {
  const targets: [string, string, string, string | undefined][] = [
    ['a memoized function', './memoized.js#length', '"four"', '4'],
    ['TypeScript', './typed.ts#shout', '"a"', '"A"'],
    ['a plain export', './functions.js#double', '21', '42'],
    ['a path without ./', 'functions.js#double', '21', '42'],
    ['the default export', './functions.js#default', '3', '-3'],
    ['an export of a package', 'threadmemo/package.json', '1', undefined],
  ];
  test.each(variants(targets, 2))('%s', async (_, target, input, output) => {
    const { code, stdout, stderr } = await folder.run(['map', target], `${input}\n`);
    if (output === undefined) return expect({ code, stderr }).toMatchObject({ code: 2 });
    expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: `${output}\n` });
  });

  const unusable: [string, RegExp][] = [
    ['./functions.js#dubble', /there is no export 'dubble' .* functions are .*double/],
    ['./functions.js#notAFunction', /'notAFunction' is no function/],
    ['./functions.js', /which function\? Say \.\/functions\.js#function/],
    ['./absent.js#double', /there is no file .*absent\.js/],
    ['absent#double', /no package 'absent' is installed/],
    ['./package.json#x', /cannot import/],
    ['./never.js#unreachable', /cannot import .*top-level await waits for what never comes/],
  ];
  test.each(variants(unusable, 1))('%s is an error that helps', async (target, message) => {
    const { code, stdout, stderr } = await folder.run(['map', target], '1\n');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/ at /);
  });
});

describe('lines', () => {
  const inputs = [
    ['in the order of the input', ndjson(numbers(500)), ndjson(numbers(500).map((x) => x * 2))],
    ['no line end at the end', '1\n2', '2\n4\n'],
    ['CRLF', '1\r\n2\r\n', '2\n4\n'],
    ['blank lines are skipped', '1\n\n  \n2\n\n', '2\n4\n'],
    ['nothing', '', ''],
  ] as const;
  test.each(variants(inputs, 1))('%s', async (_, input, output) => {
    const { code, stdout } = await folder.run(['map', './functions.js#double', '-'], input);
    expect({ code, stdout }).toEqual({ code: 0, stdout: output });
  });

  test.runIf(inFull)(
    'characters and lines that are cut by the ends of chunks stay whole',
    async () => {
      const texts = numbers(20_000).map((at) => `\u{1F980}ü${'é'.repeat(at % 40)}`);
      await folder.write('texts.ndjson', `\uFEFF${ndjson(texts)}`);
      const { stdout } = await folder.run(['map', './functions.js#same', 'texts.ndjson', '-q']);
      expect(stdout).toBe(ndjson(texts));
    },
  );

  test.runIf(inFull)('what is no UTF-8 is the failure of its line alone', async () => {
    const bytes = Buffer.concat([Buffer.from('"ü"\n'), gzipSync('x'), Buffer.from('\n"ä"\n')]);
    const args = ['map', './functions.js#same', '--keep-going'];
    const { code, stdout, stderr } = await folder.run(args, bytes);
    expect(code).toBe(1);
    expect(stdout.startsWith('"ü"\n') && stdout.endsWith('"ä"\n')).toBe(true);
    expect(stderr).toContain('line 2: SyntaxError: the line is not UTF-8');
  });

  test('--args: each line is an array of arguments', async () => {
    const args = ['map', './functions.js#add', '--args', '--keep-going'];
    const { code, stdout, stderr } = await folder.run(args, lines('[1,2]', '3', '["a","b"]'));
    expect({ code, stdout: stdout.replace(/\{.*\}/, 'error') }).toEqual({
      code: 1,
      stdout: lines('3', 'error', '"ab"'),
    });
    expect(stderr).toContain('line 2: TypeError: with --args, a line must be an array');
  });

  test.runIf(inFull)('--unordered: each result says which line it is of', async () => {
    const input = ndjson([5, 5, 6, 5]);
    const { stdout } = await folder.run(['map', './functions.js#double', '--unordered'], input);
    const found = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(found.sort((a, b) => a.line - b.line)).toEqual(
      [10, 10, 12, 10].map((value, at) => ({ line: at + 1, value })),
    );
  });
});

describe('results', () => {
  test.runIf(inFull)('undefined is null, a date is its text', async () => {
    const none = await folder.run(['map', './functions.js#nothing'], '1\n');
    expect(none.stdout).toBe('null\n');
    const date = await folder.run(['map', './functions.js#returns'], '"date"\n');
    expect(date.stdout).toBe('{"at":"1970-01-01T00:00:00.000Z"}\n');
  });

  test.runIf(inFull)(
    'what JSON would change without a word is a failure that says where it is',
    async () => {
      const input = lines('"map"', '"bigint"', '"buffer"', '"nan"');
      const args = ['map', './functions.js#returns', '--keep-going'];
      const { code, stdout, stderr } = await folder.run(args, input);
      expect(code).toBe(1);
      expect(stdout.match(/"error"/g)).toHaveLength(4);
      expect(stderr).toMatch(/line 1: .*the result\.found\[0\], which is a Map/);
      expect(stderr).toMatch(/line 2: .*the result\.id, which is a bigint/);
      expect(stderr).toMatch(/line 3: .*the result, which is a Buffer: return buffer\.toString/);
      expect(stderr).toMatch(/line 4: .*the result\.score, which is NaN/);
    },
  );

  test.runIf(inFull)('what the function prints does not stand between them', async () => {
    const { stdout, stderr } = await folder.run(['map', './functions.js#prints'], '1\n');
    expect(stdout).toBe('1\n');
    expect(stderr).toContain('printed');
  });
});

describe('failures', () => {
  const third = './functions.js#third';

  test('the first one stops: line, input and message are printed, what came before is written', async () => {
    const { code, stdout, stderr } = await folder.run(['map', third], ndjson(numbers(9)));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '1\n2\n' });
    expect(stderr).toMatch(/line 3: RangeError: three is too many\n(.*\n)+ {2}input: 3\n/);
  });

  test('--keep-going: the output has a line for each line', async () => {
    const args = ['map', third, '--keep-going', '--json'];
    const { code, stdout, stderr } = await folder.run(args, lines('1', '3', '{', '4', '3'));
    expect(code).toBe(1);
    expect(stdout.split('\n')).toEqual([
      '1',
      '{"error":{"name":"RangeError","message":"three is too many"}}',
      expect.stringContaining('{"error":{"name":"SyntaxError"'),
      '4',
      '{"error":{"name":"RangeError","message":"three is too many"}}',
      '',
    ]);
    expect(stderr).toMatch(/line 2: RangeError/);
    expect(stderr).toMatch(/line 3: SyntaxError/);
    expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({
      lines: 5,
      written: 5,
      failed: 3,
      code: 1,
    });
  });

  test.runIf(inFull)(
    'a thread that dies after its answers is no secret, although no line fails',
    async () => {
      const args = ['map', './functions.js#leavesBehind'];
      const input = ndjson(numbers(cases(20)));
      const { code, stdout, stderr } = await folder.run(args, input);
      expect({ code, stdout }).toEqual({ code: 0, stdout: input });
      expect(stderr).toMatch(
        /ThreadmemoWarning: a worker thread died.*: Error: forgotten\n.*\n? *at /,
      );
      expect(stderr).toMatch(
        /0 failed.*\n.* died( \d+ times)? of errors that no line has failed with/,
      );
      const { stderr: report } = await folder.run([...args, '--json'], input);
      expect(JSON.parse(report.trim().split('\n').at(-1) ?? '').uncaught).toBeGreaterThan(0);
    },
  );

  test.runIf(inFull)('what a function throws may be anything', async () => {
    const args = ['map', './functions.js#throws', '--keep-going'];
    const { code, stdout, stderr } = await folder.run(args, lines('"bigint"', 'null'));
    expect(code).toBe(1);
    expect(stdout).toBe(
      ndjson([
        { error: { name: 'X', message: '10' } },
        { error: { name: 'Error', message: 'null' } },
      ]),
    );
    expect(stderr).toMatch(/line 1: X: 10\n/);
  });

  test.runIf(inFull)('a line that is no JSON does not show the stack of the command', async () => {
    const { code, stderr } = await folder.run(['map', third], '{\n');
    expect(code).toBe(1);
    expect(stderr).toMatch(/line 1: SyntaxError: .*\n {2}input: \{\n/);
  });
});

test.runIf(inFull)('--memory: what fits into it is computed once', async () => {
  // Twice as many as there may be open calls: each is answered before it comes again.
  const input = ndjson([...numbers(2000), ...numbers(2000)]);
  const computed = async (memory: string) => {
    const args = ['map', './functions.js#page', '--memory', memory, '--out', 'pages', '--json'];
    return JSON.parse((await folder.run(args, input)).stdout).computed;
  };
  expect(await computed('128kb')).toBeGreaterThan(2000);
  expect(await computed('16mb')).toBe(2000);
});

test.runIf(inFull)('--quiet says nothing', async () => {
  const { code, stderr } = await folder.run(['map', './functions.js#double', '--quiet'], '1\n');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

const wrongUsages: [string[], RegExp][] = [
  [['map'], /missing required argument/],
  [['map', './functions.js#double', '--threads', '0'], /must be 1 or more/],
  [['map', './functions.js#double', '--max-size', 'big', '--cache', 'c'], /must be a size/],
  [['map', './functions.js#double', '--max-size', '1gb'], /give --cache <dir>, too\. .*--memory/],
  [['map', './functions.js#double', '--memory', 'big'], /must be a size/],
  [['map', './functions.js#double', 'absent.ndjson'], /cannot read absent\.ndjson: .*ENOENT/],
  [['mop'], /unknown command/],
];
test.each(variants(wrongUsages, 1))('wrong usage: %j', async (args, message) => {
  const { code, stderr } = await folder.run(args, '');
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});

test('--help has examples and exit codes, --version the version', async () => {
  const { code, stdout } = await folder.run(['map', '--help']);
  expect(code).toBe(0);
  for (const text of ['Examples:', '--keep-going', 'Exit codes:', '130']) {
    expect(stdout).toContain(text);
  }
  expect((await folder.run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
