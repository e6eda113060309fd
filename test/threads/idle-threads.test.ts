/**
 * An idle thread stands still: a token that a timer refreshes is old, a call that a timer makes is never
 * answered, and a socket that its server has closed is used again. Or its timers wait for ever because
 * ever more tasks start.
 */

import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { inCell } from '../../src/arena/lease-numbers.ts';
import { Running } from '../../src/compute/running.ts';
import { type FunctionInfo, type Outcome, TASK_CELLS } from '../../src/protocol.ts';
import { Tasks } from '../../src/worker/tasks.ts';
import { inFull } from '../effort.ts';
import { fresh, reaches } from '../fixtures/counters-and-gates.ts';
import { asked, fetched, leavesCaller, leavesTimer } from '../fixtures/left-behind.ts';
import { open } from './open.ts';

test('a timer that a function leaves behind goes on while the thread is idle', async () => {
  await open({ threads: 1 });
  const name = await leavesTimer(fresh('left'));
  await reaches(`${name}:beats`, 300);
});

test.runIf(inFull)('a call that such a timer makes is answered, and so is the next', async () => {
  await open({ threads: 1 });
  const name = await leavesCaller(fresh('calling'), 20);
  await reaches(`${name}:answers`, 20);
});

test.runIf(inFull)(
  'an idle thread sees that a server has closed its socket, and does not use it again',
  async () => {
    await open({ threads: 1 });
    const server = createServer((request, response) => {
      response.end('said', () => request.socket.end());
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const name = fresh('asked');
    for (let n = 1; n <= 20; n++) {
      expect(await asked(port, name, n)).toBe('said');
      await reaches(`${name}:closed`, n);
    }
  },
);

test.runIf(inFull)(
  'of two hundred fetches of a server that closes idle sockets none fails',
  async () => {
    await open({ threads: 1 });
    let closed = 0;
    const told = new EventEmitter();
    const server = createServer((request, response) => {
      request.socket.once('close', () => told.emit('closed', ++closed));
      response.end('said', () => request.socket.end());
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    for (let n = 1; n <= 200; n++) {
      expect(await fetched(port, n)).toBe('said');
      // The idle thread has closed its side as well.
      if (closed < n) await once(told, 'closed');
    }
  },
);

test('after so many tasks the event loop of their thread turns, however many more there are', async () => {
  const cells = new Int32Array(TASK_CELLS + 1);
  const ended: Outcome[] = [];
  let turns = 0;
  const tasks = new Tasks(cells, new Running(new Int32Array(1)), {
    report: (outcome) => ended.push(outcome),
    mayGoOn: () => turns++,
  });
  tasks.define(1, { id: 'none', module: 'data:text/javascript,' } as FunctionInfo);
  const list: unknown[] = [];
  for (let cell = 1; cell <= TASK_CELLS; cell++) {
    cells[cell] = inCell(cell);
    list.push(cell, cell, 1, 0);
  }
  tasks.take(list);
  tasks.startAll();
  const left = tasks.waiting;
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(TASK_CELLS);
  tasks.startAll();
  expect(tasks.waiting).toBe(left);
  expect(turns).toBe(0);
  await new Promise((resolve) => setImmediate(resolve));
  expect(turns).toBe(1);
  tasks.startAll();
  expect(tasks.waiting).toBe(0);
});
