/** The service example, as its README has it: under load to its graceful end, and by itself. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { inFull } from '../effort.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const file = (name: string) => ['--import', 'tsx', `examples/service/${name}`];
const options = { cwd: root, env: { ...process.env, NO_COLOR: '1' } };
const slow = { timeout: 120_000 };

/** The cells of a line of the table. */
function row(printed: string, title: string): number[] {
  const line = printed.split('\n').find((each) => each.includes(`│ ${title}`)) ?? '';
  const [, ...cells] = line.split('│').slice(1, -1);
  return cells.map((cell) => Number(cell.replaceAll(',', '')));
}

test.runIf(inFull)('every request is answered, and no page is made twice', slow, async () => {
  const args = [...file('main.ts'), '--requests', '2000'];
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  expect(row(stdout, 'requests ')).toEqual([2000, 2000, 2000]);
  expect(row(stdout, 'failed or refused')).toEqual([0, 0, 0]);
  for (const made of ['runs of the handler', 'renderings', 'rows read'])
    expect(row(stdout, made)).toEqual([20, 20, 25]);
  expect(stdout).toMatch(/^answered: all of 6,000 requests; each page was made once/m);
  expect(stdout).toMatch(/^the status page was sent [\d,]+ times, and has found: /m);
});

/** Where it listens. */
async function addressOf({ stdout }: ChildProcess): Promise<string> {
  let printed = '';
  stdout?.setEncoding('utf8').on('data', (text: string) => (printed += text));
  while (!printed.includes('\n')) await once(stdout as NodeJS.ReadableStream, 'data');
  return new URL(printed.split(' ')[0] as string).origin;
}

test.runIf(inFull)(
  'by itself it has articles, metrics and the page, and ends on SIGTERM',
  slow,
  async () => {
    const service = spawn(process.execPath, file('service.ts'), options);
    onTestFinished(() => void service.kill('SIGKILL'));
    const address = await addressOf(service);
    const get = async (path: string) => (await fetch(`${address}${path}`)).text();
    expect(await get('/articles/7')).toMatch(/^<h1>7, revision 1</);
    expect(await (await fetch(`${address}/articles/7`)).headers.get('cache-status')).toContain(
      'hit',
    );
    expect((await fetch(`${address}/articles/99`)).status).toBe(404);
    expect(JSON.parse(await get('/ready')).ready).toBe(true);
    const metrics = await get('/metrics');
    expect(metrics).toContain('article_runs_total 2');
    expect(metrics).toMatch(
      /^threadmemo_computations_total\{function=".*#render",outcome="value"\} 2$/m,
    );
    expect(await get('/cache')).toMatch(/^<!doctype html>/i);
    const viewer = await fetch(`${address}/cache?events`);
    const ended = once(service, 'exit');
    service.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(await viewer.text()).toContain('data: {');
  },
);
