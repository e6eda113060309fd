/** A small program in a folder of its own, whose files a test can change. */

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Text by path; `undefined` for a file that goes. */
export type Files = Readonly<Record<string, string | undefined>>;

export interface Project {
  readonly folder: string;
  url(file: string): string;
  write(files: Files): void;
  remove(): void;
}

export function createProject(files: Files): Project {
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
  write(files);
  return {
    folder,
    url: (file) => pathToFileURL(join(folder, file)).href,
    write,
    remove: () => rmSync(folder, { recursive: true }),
  };
}

const MANIFEST = JSON.stringify({ name: 'app', version: '1.0.0', type: 'module' });

export const packages: Files = {
  'package.json': MANIFEST,
  'node_modules/sharpen/package.json': installed('sharpen', '1.0.0', { edge: '*' }),
  'node_modules/sharpen/index.js': 'module.exports = 1;',
  'node_modules/edge/package.json': installed('edge', '3.0.0'),
  'node_modules/edge/index.js': 'module.exports = 1;',
  'node_modules/other/package.json': installed('other', '1.0.0'),
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
import { words } from './words.js';
import { border } from './border.js';
import theme from './theme.json' with { type: 'json' };

/** What it does. */
export const render = memoize(import.meta.url, function render(text) {
  const found = words(text);
  return [sharpen(found), border(theme.color), existsSync(text)];
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
  'old.cjs': `exports.border = require('./border.json').border;\n`,
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
  'render.ts': `import type { Text } from './text.ts';${javascript['render.js']?.replace('(text)', '(text: Text): unknown')}`,
  'words.ts': javascript['words.js']?.replace('(text)', '(text: string): string[]'),
  'split.ts': javascript['split.js']?.replace('(text)', '(text: string)'),
  'text.ts': 'export type Text = string;\nexport interface Unused { a: 1 }\n',
};
