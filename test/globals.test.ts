/**
 * Fake timers replace timers and clocks at any moment, and leave the pool dead, also after the real
 * ones are back: nothing in `src/` looks one of them up when it is called.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && file !== 'runtime/globals.ts')
  // Of a browser.
  .filter((file) => !file.startsWith('page/client/'))
  .map((file) => [file, readFileSync(join(src, file), 'utf8')] as const);

const timers = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate'];
const others = ['queueMicrotask', 'performance', 'nextTick', 'hrtime'];

/** What of it the text uses that it does not have from `globals.ts`. */
function lookedUp(text: string): string[] {
  const code = text.replace(/\/\*.*?\*\//gs, '').replace(/\/\/.*/g, '');
  const imported = code.match(/import \{([^}]*)\} from '[^']*\/globals\.ts'/)?.[1] ?? '';
  const rest = code.replace(/^import [^;]*;/gm, '').replace(/'[^'\n]*'/g, "''");
  const names = [...timers, ...others].filter(
    (name) =>
      // Not where a class has a method of that name, as a socket must.
      new RegExp(`(?<![\\w.#])${name}\\b(?!\\(\\): this \\{)`).test(rest) &&
      !imported.includes(name),
  );
  const always = [
    [/\bprocess\.(nextTick|hrtime)/, 'process.'],
    [/(?<!\w)(?<!globalThis\.)Date\.(now|prototype)\b|\b(new|instanceof) Date\b/, 'Date'],
    [
      /\bglobalThis\.(?!Date\.prototype)\w*(Timeout|Interval|Immediate|Date|performance)/,
      'globalThis.',
    ],
  ] as const;
  const isOwn = /from 'node:(timers|perf_hooks)/.test(code) ? ['node:timers'] : [];
  return [...names, ...always.filter(([use]) => use.test(rest)).map(([, what]) => what), ...isOwn];
}

test.each(files)('%s', (_, text) => {
  expect(lookedUp(text)).toEqual([]);
});

describe('this would be noticed', () => {
  test.each([
    'queueMicrotask(() => {})',
    'const t = setTimeout(f, 1)',
    'await new Promise(setImmediate)',
    "import { setImmediate as turn } from 'node:timers/promises';",
    'performance.now()',
    'new Date()',
    'Date.now()',
    'process.nextTick(f)',
    'process.hrtime.bigint()',
    'globalThis.setTimeout(f)',
  ])('%s', (code) => {
    expect(lookedUp(code)).not.toEqual([]);
  });
});
