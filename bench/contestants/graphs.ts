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
import type { Closable, Contestant } from '../scenario.ts';

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

function graph(name: string, what: string, extension: 'js' | 'ts'): Contestant<Graph> {
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

/** Of a module. */
const functionsEach = 20;

/**
 * Twenty functions, each of which calls those of other modules: `2n + 1` and `2n + 2` are reached from
 * `n`, as in a heap, so all of them from the first.
 */
function moduleText(n: number, count: number, extension: 'js' | 'ts'): string {
  const typed = extension === 'ts';
  const reached = [2 * n + 1, 2 * n + 2].filter((other) => other < count);
  const names = (other: number) => each((i) => `f${other}_${i}`).join(', ');
  const imports = reached.map((other) => `import { ${names(other)} } from './m${other}.js';\n`);
  const functions = each((i) => {
    const calls = reached.map((other) => ` + f${other}_${i}(value - 1)`).join('');
    const [parameter, result] = typed ? ['value: number', ': number'] : ['value', ''];
    return `
/** What function ${i} of module ${n} gives for a value. */
export function f${n}_${i}(${parameter})${result} {
  // Small values are dealt with here.
  if (value < ${i}) return 'text ${n} ${i}'.length;
  return value * ${i + 1}${calls};
}
`;
  });
  return [...imports, ...functions].join('');
}

function each<T>(make: (i: number) => T): T[] {
  return Array.from({ length: functionsEach }, (_, i) => make(i));
}

export const graphs: readonly Contestant<Graph>[] = [
  graph('JavaScript', 'as it is built', 'js'),
  graph('TypeScript', 'which is read twice: as Node does, and as tsx does', 'ts'),
];
