/** Before any test: compiles what the threads of the tests load, to `build/workers/`. */

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
const project = fileURLToPath(new URL('../tsconfig.workers.json', import.meta.url));

export default function compileWorkers(): void {
  execFileSync(process.execPath, [tsc, '--project', project], { stdio: 'inherit' });
}
