/** The edits of a program, and whether they give its module another fingerprint. */

export type Expected = 'hit' | 'miss';
export type Edit = readonly [
  name: string,
  expected: Expected,
  file: string,
  from: string,
  to: string,
];

export const edits = (ext: string): readonly Edit[] => [
  ['a comment', 'hit', `words.${ext}`, '// the words', '// other words'],
  ['a doc comment of the function', 'hit', `render.${ext}`, 'What it does.', '@license MIT'],
  ['formatting', 'hit', `split.${ext}`, "text.split(' ')", "text\n  .split( ' ' )"],
  ['quotes', 'hit', `split.${ext}`, "' '", '" "'],
  ['an unused export', 'hit', `words.${ext}`, 'return 1', 'return 2'],
  ['a module that is not imported', 'hit', 'apart.js', '1', '2'],
  ['its own name and version', 'hit', 'package.json', '1.0.0', '1.0.1'],
  ['formatting of JSON', 'hit', 'theme.json', '": ', '":   '],
  ['a package that is not imported', 'hit', 'node_modules/other/package.json', '1.0.0', '2.0.0'],
  ['the version of threadmemo', 'hit', 'node_modules/threadmemo/package.json', '0.1', '0.2'],
  ['the function', 'miss', `render.${ext}`, 'theme.color', 'theme.size'],
  ['the name of a function', 'miss', `render.${ext}`, 'function render', 'function paint'],
  ['the name of a local variable', 'miss', `render.${ext}`, 'found', 'parts'],
  ['an option', 'miss', `render.${ext}`, '});', '}, { max: 5 });'],
  ['a helper', 'miss', `words.${ext}`, "!== ''", "!== '-'"],
  ['a helper of a helper', 'miss', `split.${ext}`, "' '", "'  '"],
  ['a module that is imported when it is needed', 'miss', 'late.js', '(1)', '(2)'],
  ['CommonJS', 'miss', 'old.cjs', ').border', ').border.length'],
  ['JSON', 'miss', 'theme.json', 'red', 'blue'],
  ['JSON that CommonJS requires', 'miss', 'border.json', 'thin', 'wide'],
  ['what CommonJS requires without an extension', 'miss', 'plain.js', "'js'", "'other'"],
  ['TypeScript beside it', 'hit', 'plain.ts', "'ts'", "'other'"],
  ['what a linked package exports', 'miss', 'linked/node.js', "'node'", "'other'"],
  ['what it exports for bundlers', 'hit', 'linked/bundlers.js', "'bundlers'", "'other'"],
  ['what it exports on a condition that is not set', 'hit', 'linked/dev.js', "'dev'", "'other'"],
  ['a linked package without a main file', 'miss', 'field/index.js', "'index'", "'other'"],
  ['its module for bundlers', 'hit', 'field/module.js', "'module'", "'other'"],
  ['what #imports lead to', 'miss', 'size.js', "'node'", "'other'"],
  ['what they lead bundlers to', 'hit', 'size-of-bundlers.js', "'bundlers'", "'other'"],
  [
    'an effect of a helper',
    'miss',
    `words.${ext}`,
    'export function w',
    'init();\nexport function w',
  ],
  ['the version of a package', 'miss', 'node_modules/sharpen/package.json', '1.0.0', '1.0.1'],
  ["the version of a package's package", 'miss', 'node_modules/edge/package.json', '3.0', '3.1'],
  [
    'the order of imports, which is the order of loading',
    'miss',
    `render.${ext}`,
    "import { words } from './words.js';\nimport { border } from './border.js';",
    "import { border } from './border.js';\nimport { words } from './words.js';",
  ],
];

export const ofTypes: readonly Edit[] = [
  ['a type', 'hit', 'text.ts', 'a: 1', 'a: 2'],
  ['the type of a parameter', 'hit', 'words.ts', 'text: string', 'text: Text'],
  ['a cast', 'hit', 'words.ts', 'split(text)', '(split(text) as string[])'],
  ['.js that TypeScript imports, which Node loads', 'miss', 'beside.js', "'js'", "'other'"],
  ['.ts beside it, which tsx loads', 'miss', 'beside.ts', "'ts'", "'other'"],
  ['an effect of what is imported and not used, as Node has it', 'miss', 'unused.ts', '= 1', '= 2'],
  ['an import of types', 'hit', 'render.ts', "import type { Text } from './text.ts';", ''],
];

/** With `--conditions=dev`. */
export const ofDevelopment: readonly Edit[] = [
  ['what a linked package exports on it', 'miss', 'linked/dev.js', "'dev'", "'other'"],
  ['what it exports otherwise', 'hit', 'linked/node.js', "'node'", "'other'"],
];
