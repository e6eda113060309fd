/** What is a contestant that is a program of its own? It reads a file of lines and writes another. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Closable, Contestant, Field } from '../contestants/contestant.ts';
import { threads } from '../scenario.ts';

export interface Program extends Closable {
  /** Milliseconds from its start to its end. @throws {Error} when it fails */
  run(input: string, output: string): Promise<number>;
}

/** The one list of programs. */
export const programs: Field<Program> = {
  ideal: () => import('./lines-only.ts'),
  'by hand': () => import('./by-hand.ts'),
  'threadmemo map': () => import('./threadmemo-map.ts'),
  'threadmemo map --cache': () => import('./threadmemo-map-cache.ts'),
};

/** @param argsOf what Node is given for an input and an output */
export function program(
  name: string,
  what: string,
  argsOf: (input: string, output: string) => readonly string[],
): Contestant<Program> {
  const run: Program['run'] = async (input, output) => {
    const begun = performance.now();
    const child = spawn(process.execPath, argsOf(input, output), { stdio: 'inherit' });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`${name} has ended with ${code}`);
    return performance.now() - begun;
  };
  return { name, what, cannot: {}, open: async () => ({ run, close: async () => {} }) };
}

export function fileOf(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

/** Up to the input. */
export const command = [
  fileOf('../../dist/src/cli/main.js'),
  'map',
  `${fileOf('../functions/line-spin.js')}#twice`,
  '--quiet',
  '--threads',
  String(threads),
];
