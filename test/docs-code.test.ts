/**
 * The code of the documents compiles. Each block is a module; the blocks of one document that begin
 * with a comment `// name.ts` can import each other. What a block leaves out stands in an HTML comment
 * before it: `<!-- code: declare function expensive(text: string): string; -->`.
 */

import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'build/docs-code');
/** Their code is about the project's inside, or is made of excerpts. */
const leftOut = /^docs\/(?:api|decisions|reference|site)\/|^docs\/(?:architecture|glossary)\.md$/;
const documents = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .map((file) => join('docs', file))
    .filter((file) => file.endsWith('.md') && !leftOut.test(file)),
];

/** Of packages that only a user has. */
const ambient = `declare module 'pg' {
  namespace pg {
    class Pool {
      query(text: string, values: readonly unknown[]): Promise<{ rows: unknown[] }>;
    }
  }
  export = pg;
}
declare module '@opentelemetry/sdk-node' {
  export class NodeSDK {
    constructor(configuration?: object);
    start(): void;
  }
}
`;

interface Block {
  readonly file: string;
  readonly language: 'ts' | 'js';
  readonly code: string;
}

function blocksOf(document: string): Block[] {
  const text = readFileSync(join(root, document), 'utf8');
  const found = text.matchAll(/(?:<!-- code: ([\s\S]*?) -->\n+)?```(ts|js)\n([\s\S]*?)```/g);
  const place = document.replace(/\.md$/, '').replaceAll(/[/.]/g, '-');
  return [...found].map(([, hidden = '', language, code], at) => {
    const name = /^\/\/ ([\w-]+)\.[tj]s\b/.exec(code as string)?.[1] ?? `block-${at + 1}`;
    const file = join(place, `${name}.${language}`);
    return {
      file,
      language: language as Block['language'],
      code: `${hidden}\n${code}\nexport {};\n`,
    };
  });
}

const config = {
  extends: '../../tsconfig.json',
  compilerOptions: {
    allowJs: true,
    noEmit: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    noPropertyAccessFromIndexSignature: false,
    rewriteRelativeImportExtensions: false,
    rootDir: '../..',
  },
  include: ['.'],
};

test('every block of code compiles', { timeout: 120_000 }, async () => {
  const blocks = documents.flatMap(blocksOf);
  expect(blocks.length).toBeGreaterThan(20);
  rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 10, force: true });
  for (const { file, code } of blocks) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), code);
  }
  writeFileSync(join(folder, 'ambient.d.ts'), ambient);
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const compiled = await promisify(execFile)(process.execPath, [tsc, '-p', folder]).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
  expect(compiled).toBe('');
});
