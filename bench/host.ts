/**
 * How is a contestant kept from disturbing the others? It has a process of its own, which runs this
 * file: opens it, then measures one round whenever the conductor says so. What it holds, collects
 * and optimises is its own, and while others are measured it only waits.
 */

import type { Answer, HostArguments, Idle, Order } from './conduct.ts';
import { type Closable, contestantCalled, type Sample, threads } from './scenario.ts';
import { scenarioCalled } from './scenarios.ts';

const { scenario, contestant, parts: partNames }: HostArguments = JSON.parse(process.argv[2] ?? '');
const { field, parts: allParts } = scenarioCalled(scenario);
const parts = allParts.filter((part) => partNames.includes(part.name));

let idleSince = { cpu: process.cpuUsage(), wall: performance.now() };

function idle(): Idle {
  const { user, system } = process.cpuUsage(idleSince.cpu);
  return { cpu: (user + system) / 1_000, wall: performance.now() - idleSince.wall };
}

async function measure(opened: Closable, round: number): Promise<Answer> {
  const before = idle();
  const samples: Record<string, Sample> = {};
  for (const part of parts) samples[part.name] = await part.measure(opened, round);
  idleSince = { cpu: process.cpuUsage(), wall: performance.now() };
  return { type: 'measured', samples, idle: before };
}

function send(answer: Answer): void {
  process.send?.(answer);
}

function fail(error: unknown): void {
  send({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
}

async function obey(opened: Closable, order: Order): Promise<void> {
  switch (order.type) {
    case 'round':
      return send(await measure(opened, order.round));
    case 'close':
      await opened.close();
      return process.disconnect();
    default:
      throw order satisfies never;
  }
}

try {
  const { open } = contestantCalled(contestant, field);
  const opened = await open({ threads, functions: new URL('functions/plain.js', import.meta.url) });
  process.on('message', (order: Order) => obey(opened, order).catch(fail));
  send({ type: 'opened' });
} catch (error) {
  fail(error);
}
