/**
 * Run this with `npm run service`: a Fastify service in a process of its own, visited by autocannon while
 * it is new, when all is cached, and while its articles change, with its page open all the time; and then
 * ended in the midst of it.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runExample } from '../command-line.ts';
import { paint } from '../wording.ts';
import { articles } from './articles.ts';
import { connections, numbersOf, type Phase, visit, watch } from './load.ts';
import { faultsIn, printSummary, printTable } from './report.ts';

const help = `npm run service -- [options]

  --requests <number>  in each of three phases; default: 40000
  --quick              4000 of them
  --help               this text

Exit code 1: a request failed, or a page was made more often than it had to be.
`;

/** As many articles are changed in the last phase. */
const revised = 5;

const readOptions = (args: string[]) => {
  const flag = { type: 'boolean', default: false } as const;
  const requests = { type: 'string', default: '40000' } as const;
  const options = { requests, quick: flag, help: { ...flag, short: 'h' } } as const;
  const { values } = parseArgs({ args, options });
  const amount = values.quick ? 4000 : Number(values.requests);
  const fewest = connections * articles;
  if (!(amount >= fewest)) throw new Error(`--requests: a number, at least ${fewest}`);
  return { ...values, amount };
};

/** Saves new articles under load. Afterwards no visitor gets an old one. */
async function reviseUnderLoad(url: string, amount: number): Promise<Phase> {
  const visited = visit(url, amount);
  for (let id = 1; id <= revised; id++) await fetch(`${url}/articles/${id}`, { method: 'PUT' });
  const phase = await visited;
  for (let id = 1; id <= revised; id++) {
    const text = await (await fetch(`${url}/articles/${id}`)).text();
    if (!text.includes('revision 2'))
      throw new Error(`article ${id} is an old one: ${text.slice(0, 40)}`);
  }
  return { ...phase, numbers: await numbersOf(url) };
}

/** Its exit code. */
async function endUnderLoad(service: ChildProcess, url: string): Promise<number | null> {
  void visit(url, 200).catch(() => undefined);
  service.kill('SIGTERM');
  const [code] = (await once(service, 'exit')) as [number | null];
  return code;
}

await runExample(readOptions, help, async ({ amount }) => {
  const service = fork(fileURLToPath(new URL('service.ts', import.meta.url)));
  process.once('exit', () => service.kill('SIGKILL'));
  const [{ url }] = (await once(service, 'message')) as [{ url: string }];
  const what = paint('bold', `A service with ${articles} articles`);
  console.log(`\n${what}, visited by ${connections} connections at once.`);

  const watching = watch(url);
  const phases = {
    new: await visit(url, amount),
    cached: await visit(url, amount),
    [`${revised} revised`]: await reviseUnderLoad(url, amount),
  };
  const code = await endUnderLoad(service, url);
  const watched = await watching;

  printTable(phases);
  const faults = faultsIn(phases, [articles, articles, articles + revised], code);
  if (watched.looks === 0) faults.push('the page was sent nothing');
  for (const fault of faults) console.error(`FAILED: ${fault}`);
  if (faults.length > 0) return 1;
  printSummary(phases, watched);
  return 0;
});
