/** A small program in a folder of its own, whose files a test can change. */

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Text by path; `undefined` for a file that goes. */
export type Files = Readonly<Record<string, string | undefined>>;

/** Where symbolic links lead, by path. */
export type Links = Readonly<Record<string, string>>;

export interface Project {
  readonly folder: string;
  url(file: string): string;
  write(files: Files): void;
  /** What is there is replaced. */
  link(links: Links): void;
  remove(): void;
}

export function createProject(files: Files, links: Links = {}): Project {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'threadmemo-fingerprint-')));
  const write = (changed: Files) => {
    for (const [file, text] of Object.entries(changed)) {
      const path = join(folder, file);
      if (text === undefined) {
        rmSync(path);
        continue;
      }
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  };
  const link = (made: Links) => {
    for (const [path, target] of Object.entries(made)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      rmSync(join(folder, path), { force: true });
      symlinkSync(target, join(folder, path));
    }
  };
  write(files);
  link(links);
  return {
    folder,
    url: (file) => pathToFileURL(join(folder, file)).href,
    write,
    link,
    remove: () => rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 10 }),
  };
}

const MANIFEST = JSON.stringify({
  name: 'app',
  version: '1.0.0',
  type: 'module',
  imports: { '#size': { module: './size-of-bundlers.js', node: './size.js' } },
});
const LINKED = JSON.stringify({
  name: 'linked',
  type: 'module',
  exports: { dev: './dev.js', module: './bundlers.js', import: './node.js' },
});

/** Packages of the program's own. */
export const links: Links = {
  'node_modules/linked': '../linked',
  'node_modules/field': '../field',
};

export const packages: Files = {
  'package.json': MANIFEST,
  'node_modules/sharpen/package.json': installed('sharpen', '1.0.0', { edge: '*' }),
  'node_modules/sharpen/index.js': 'module.exports = 1;',
  'node_modules/edge/package.json': installed('edge', '3.0.0'),
  'node_modules/edge/index.js': 'module.exports = 1;',
  'node_modules/other/package.json': installed('other', '1.0.0'),
  'linked/package.json': LINKED,
  'linked/dev.js': `export const linked = 'dev';`,
  'linked/bundlers.js': `export const linked = 'bundlers';`,
  'linked/node.js': `export const linked = 'node';`,
  'field/package.json': '{ "name": "field", "module": "./module.js" }',
  'field/module.js': `export const field = 'module';`,
  'field/index.js': `exports.field = 'index';`,
  'node_modules/threadmemo/package.json': installed('threadmemo', '0.1.0', { piscina: '*' }),
};

export function installed(name: string, version: string, dependencies = {}): string {
  return JSON.stringify({ name, version, main: 'index.js', dependencies });
}

export const javascript: Files = {
  ...packages,
  'render.js': `
import { memoize } from 'threadmemo';
import { existsSync } from 'node:fs';
import { sharpen } from 'sharpen';
import { linked } from 'linked';
import { field } from 'field';
import { size } from '#size';
import { words } from './words.js';
import { border } from './border.js';
import theme from './theme.json' with { type: 'json' };

/** What it does. */
export const render = memoize(import.meta.url, function render(text) {
  const found = words(text);
  return [sharpen(found), border(theme.color), existsSync(text), linked, field, size];
});

export const late = async () => (await import('./late.js')).late;
`,
  'words.js': `
import { split } from './split.js';
export function words(text) {
  // the words
  return split(text).filter((word) => word !== '');
}
export function unrelated() {
  return 1;
}
`,
  'split.js': `export const split = (text) => text.split(' ');\n`,
  'border.js': `
import old from './old.cjs';
import './words.js';
export const border = (color) => old.border + color;
`,
  'old.cjs': `exports.border = require('./border.json').border + require('./plain');\n`,
  'plain.js': `module.exports = 'js';`,
  'plain.ts': `module.exports = 'ts';`,
  'size.js': `export const size = 'node';`,
  'size-of-bundlers.js': `export const size = 'bundlers';`,
  'border.json': '{ "border": "thin" }',
  'theme.json': '{ "color": "red", "size": 1 }',
  'late.js': `const ready = await Promise.resolve(1);\nexport const late = ready;\n`,
  'apart.js': `import './render.js';\nexport const apart = 1;\n`,
};

export const typescript: Files = {
  ...javascript,
  'render.js': undefined,
  'words.js': undefined,
  'split.js': undefined,
  'render.ts': `import type { Text } from './text.ts';
import { beside } from './beside.js';
import { unused } from './unused.ts';
beside();${javascript['render.js']?.replace('(text)', '(text: Text): unknown')}`,
  'words.ts': javascript['words.js']?.replace('(text)', '(text: string): string[]'),
  'split.ts': javascript['split.js']?.replace('(text)', '(text: string)'),
  'unused.ts': `export const unused = 1;\nglobalThis.effect = 1;\n`,
  'beside.js': `export const beside = () => console.log('js');`,
  'beside.ts': `export const beside = () => console.log('ts');`,
  'text.ts': 'export type Text = string;\nexport interface Unused { a: 1 }\n',
};
