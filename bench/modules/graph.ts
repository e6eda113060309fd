/** What is a program that is looked at? Modules in a folder of its own, of which the first reaches all. */
import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Closable, Contestant, Field } from '../contestants/contestant.ts';
import { moduleText } from './module-text.ts';

export const count = 200;

export interface Look {
  readonly ms: number;
  readonly fingerprint: string;
}

export interface Graph extends Closable {
  /** As a process does that has just started. */
  look(): Promise<Look>;
  forget(): void;
  /** How many of the modules the next look will compare. */
  remembered(): number;
}

/** The one list of graphs. */
export const graphs: Field<Graph> = {
  JavaScript: () => import('./javascript.ts'),
  TypeScript: () => import('./typescript.ts'),
};

export function graph(name: string, what: string, extension: 'js' | 'ts'): Contestant<Graph> {
  return { name, what, cannot: {}, open: async () => opened(extension) };
}

const looker = fileURLToPath(new URL('../functions/look.js', import.meta.url));

function opened(extension: 'js' | 'ts'): Graph {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'threadmemo-bench-')));
  const memory = join(folder, 'memory');
  const home = join(folder, 'src');
  mkdirSync(home);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'tsconfig.json'), '{ "compilerOptions": { "strict": true } }');
  const fileOf = (n: number) => join(home, `m${n}.${extension}`);
  for (let n = 0; n < count; n++) writeFileSync(fileOf(n), moduleText(n, count, extension));
  return {
    async look() {
      const args = [looker, pathToFileURL(fileOf(0)).href, memory];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      return JSON.parse(stdout);
    },
    forget: () => rmSync(memory, { recursive: true, force: true }),
    remembered() {
      const [file = ''] = readdirSync(memory);
      const text = readFileSync(join(memory, file), 'utf8');
      return Array.from({ length: count }, (_, n) =>
        text.includes(JSON.stringify(fileOf(n))),
      ).filter(Boolean).length;
    },
    close: async () => rmSync(folder, { recursive: true }),
  };
}
