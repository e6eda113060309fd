/** Spans that hang together wrongly across threads, instruments with other names, or a price for those who have neither. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MessagePort, threadId } from 'node:worker_threads';
import { context, propagation, type Span, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { mapTier } from 'threadmemo';
import { type InstrumentOptions, instrument } from 'threadmemo/otel';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { inFull, variants } from '../effort.ts';
import { failing } from '../fixtures/blocking.ts';
import { fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { gated } from '../fixtures/gated.ts';
import { increment } from '../fixtures/quick.ts';
import {
  dies,
  exporter,
  fails,
  instrumented,
  outer,
  outerSync,
  type Seen,
  seen,
  spansThere,
  stops,
  waits,
} from '../fixtures/tracing.ts';
import { open, rejection, until } from '../threads/open.ts';

let endInstrument = instrumented;
const tracer = trace.getTracer('test');
let nonce = 0;

beforeEach(() => exporter.reset());

/** Nothing is reported by this thread for the rest of the test. */
function off(): void {
  endInstrument();
  onTestFinished(() => {
    endInstrument = instrument();
  });
}

/** What one call does is under one span of the test, whose trace is answered, by all threads. */
async function under<T>(name: string, run: (span: Span) => Promise<T>): Promise<[T, Seen[]]> {
  const span = tracer.startSpan(name);
  const value = await context.with(trace.setSpan(context.active(), span), () => run(span));
  span.end();
  return [value, await spansOf(span.spanContext().traceId)];
}

async function spansOf(traceId: string): Promise<Seen[]> {
  const there = await spansThere(nonce++);
  const all = new Map([...there, ...seen()].map((each) => [each.id, each]));
  return [...all.values()].filter((each) => each.traceId === traceId);
}

/** From a span up to the root: names, with functions. */
function pathOf(spans: readonly Seen[], from: Seen | undefined): string[] {
  if (!from) return [];
  const parent = spans.find(({ id }) => id === from.parent);
  return [described(from), ...pathOf(spans, parent)];
}

function described({ name, attributes }: Seen): string {
  const id = attributes['threadmemo.function'];
  return typeof id === 'string' ? `${name} ${id.split('#')[1]}` : name;
}

const only = (spans: readonly Seen[], name: string) => {
  const found = spans.filter((each) => described(each) === name);
  expect(found).toHaveLength(1);
  return found[0] as Seen;
};

const pathOfWork = [
  'work',
  'threadmemo.compute inner',
  'threadmemo.call inner',
  'threadmemo.compute outer',
  'threadmemo.call outer',
];

describe.each(variants([1, 0], 1))('with %i threads', (threads) => {
  test('a request over HTTP is followed through nested calls into the thread that computes', async () => {
    await open({ threads });
    const server = createServer((_, response) => {
      const span = tracer.startSpan('GET /');
      const bag = propagation.createBaggage({ user: { value: 'ann' } });
      const its = propagation.setBaggage(trace.setSpan(context.active(), span), bag);
      void context.with(its, async () => {
        response.end(await outer(1));
        span.end();
      });
    });
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(await response.text()).toBe('1 for ann');
    await until(() => seen().some(({ name }) => name === 'GET /'));
    const root = only(seen(), 'GET /');
    const spans = await spansOf(root.traceId);
    expect(pathOf(spans, only(spans, 'work'))).toEqual([...pathOfWork, 'GET /']);
    expect(spans).toHaveLength(6);
    const computed = only(spans, 'threadmemo.compute outer');
    expect(computed.attributes['thread.id'] === threadId).toBe(threads === 0);
    expect(computed.thread).toBe(computed.attributes['thread.id']);
    expect(computed.attributes['threadmemo.outcome']).toBe('value');
  });

  test('so is a call that blocks its thread', async () => {
    await open({ threads });
    const [, spans] = await under('root', () => outerSync(2));
    expect(pathOf(spans, only(spans, 'work')).slice(0, 4)).toEqual([
      'work',
      'threadmemo.compute inner',
      'threadmemo.call inner',
      'threadmemo.compute outerSync',
    ]);
  });

  test('a call that waits is linked to the one that computes, and a hit has no span', async () => {
    await open({ threads });
    // So the thread has its SDK.
    await spansThere(nonce++);
    const gate = fresh('gate');
    const first = under('first', () => gated(gate));
    await reaches(`${gate}:started`, 1);
    const second = under('second', () => gated(gate));
    await until(() => gated.stats().waits === 1);
    lift(gate);
    const [[, leaders], [, waiters]] = await Promise.all([first, second]);
    const leader = only(leaders, 'threadmemo.call gated');
    const waiter = only(waiters, 'threadmemo.call gated');
    expect(waiter.links).toEqual([leader.id]);
    expect(leader.links).toEqual([]);
    expect(only(leaders, 'threadmemo.compute gated').parent).toBe(leader.id);
    expect([leader, waiter].map(({ attributes }) => attributes['threadmemo.call.kind'])).toEqual([
      'miss',
      'wait',
    ]);
    const [, spans] = await under('third', () => gated(gate));
    expect(spans.map(described)).toEqual(['third']);
  });

  test('what fails is an error of both spans', async () => {
    await open({ threads });
    const [, spans] = await under('root', () => rejection(fails('no')));
    for (const name of ['threadmemo.call fails', 'threadmemo.compute fails'])
      expect(only(spans, name)).toMatchObject({ status: 2, exceptions: 1 });
  });
});

test.runIf(inFull)('a call in a thread that waits for another thread is linked, too', async () => {
  await open({ threads: 2 });
  const gate = fresh('gate');
  const [[, leaders], [, waiters]] = await Promise.all([
    under('first', () => gated(gate)),
    under('second', async () => {
      await reaches(`${gate}:started`, 1);
      const waiting = waits(gate);
      await reaches(`${gate}:asked`, 1);
      lift(gate);
      return waiting;
    }),
  ]);
  const leader = only(leaders, 'threadmemo.call gated');
  // Which thread tells of its spans is chance.
  const there = waiters.find((each) => described(each) === 'threadmemo.call gated');
  const found = there ?? (await spanThere('threadmemo.call gated', leader.traceId));
  expect(found.links).toEqual([leader.id]);
});

/** Asks until the thread that has it answers: both are idle. */
async function spanThere(name: string, butOf: string): Promise<Seen> {
  for (;;) {
    const asked = await Promise.all(Array.from({ length: 8 }, () => spansThere(nonce++)));
    const its = asked.flat().find((each) => described(each) === name && each.traceId !== butOf);
    if (its) return its;
  }
}

test.runIf(inFull)(
  'a computation that its thread has not ended is told of by the thread that has the pool',
  async () => {
    await open({ threads: 1, attempts: 1 });
    const [error, spans] = await under('root', () => rejection(dies('a')));
    expect(error.name).toBe('WorkerLostError');
    const lost = only(spans, 'threadmemo.compute dies');
    expect(lost).toMatchObject({ status: 2, thread: threadId });
    expect(lost.attributes['threadmemo.outcome']).toBe('lost');
    expect(pathOf(spans, lost)).toEqual([
      'threadmemo.compute dies',
      'threadmemo.call dies',
      'root',
    ]);
  },
);

test('what no caller wants any more is no error of its computation', async () => {
  await open({ threads: 0 });
  const name = fresh('abandoned');
  const going = new AbortController();
  const [, spans] = await under('root', async () => {
    const call = rejection(stops.with({ signal: going.signal })(name));
    await reaches(`${name}:started`, 1);
    going.abort(new Error('enough'));
    await call;
    await until(() => seen().some((each) => described(each) === 'threadmemo.compute stops'));
  });
  const { status, attributes } = only(spans, 'threadmemo.compute stops');
  expect([status, attributes['threadmemo.outcome']]).toEqual([0, 'cancelled']);
});

test('no key and no argument is in a span', async () => {
  await open({ threads: 1 });
  const [, spans] = await under('root', () => outer(987_654_321));
  expect(spans.length).toBeGreaterThan(4);
  expect(JSON.stringify(spans)).not.toContain('987654321');
});

/** What is posted to threads of that type. */
function posted(type: string): () => number {
  const spy = vi.spyOn(MessagePort.prototype, 'postMessage');
  onTestFinished(() => spy.mockRestore());
  const isIt = (message: unknown) => (message as { type?: unknown } | undefined)?.type === type;
  return () => spy.mock.calls.filter(([message]) => isIt(message)).length;
}

test.runIf(inFull)('a context is sent where a tracer follows, and nowhere else', async () => {
  await open({ threads: 1 });
  const contexts = posted('contexts');
  await increment(1);
  expect(contexts()).toBe(1);
  off();
  await increment(2);
  expect(contexts()).toBe(1);
  const [, spans] = await under('root', () => increment(3));
  expect(spans.map(described)).toEqual(['root']);
});

test('the instruments are those that are promised, with the counts of the pool', async () => {
  off();
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter: metrics,
    exportIntervalMillis: 2 ** 30,
  });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const end = instrument({ meterProvider });
  onTestFinished(async () => {
    end();
    await meterProvider.shutdown();
  });
  const collected = async () => {
    metrics.reset();
    await meterProvider.forceFlush();
    const all = metrics.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    return new Map(
      all.flatMap(({ metrics: its }) => its.map((each) => [each.descriptor.name, each] as const)),
    );
  };
  await open({ threads: 1, tiers: [mapTier()] });
  const gate = fresh('gate');
  const both = [gated(gate), gated(gate)];
  await reaches(`${gate}:started`, 1);
  lift(gate);
  await Promise.all(both);
  await gated(gate);
  await rejection(failing('no'));
  const found = await collected();
  expect(
    Object.fromEntries([...found].map(([name, { descriptor }]) => [name, descriptor.unit])),
  ).toEqual({
    'threadmemo.requests': '{call}',
    'threadmemo.computations': '{computation}',
    'threadmemo.compute.duration': 's',
    'threadmemo.compute.saved': 's',
    'threadmemo.entries': '{entry}',
    'threadmemo.bytes': 'By',
    'threadmemo.evictions': '{entry}',
    'threadmemo.pool.threads': '{thread}',
    'threadmemo.pool.pending_requests': '{computation}',
    'threadmemo.pool.wait.duration': 's',
    'threadmemo.tier.errors': '{operation}',
    'threadmemo.tier.up': '1',
  });
  const of = (name: string, labels: object) =>
    found
      .get(name)
      ?.dataPoints.filter(({ attributes }) =>
        Object.entries(labels).every(([label, value]) => attributes[label] === value),
      )
      .map(({ value }) => value);
  const its = { function: gated.id };
  const hits = of('threadmemo.requests', { ...its, result: 'hit' }) as number[];
  expect(hits.reduce((sum, each) => sum + each)).toBe(1);
  expect(of('threadmemo.requests', { ...its, result: 'miss' })).toEqual([1]);
  expect(of('threadmemo.requests', { ...its, result: 'wait' })).toEqual([1]);
  expect(of('threadmemo.computations', { function: failing.id, outcome: 'error' })).toEqual([1]);
  expect(of('threadmemo.compute.duration', {})).toMatchObject([{ count: 2 }]);
  expect(of('threadmemo.pool.wait.duration', {})).toMatchObject([{ count: 2 }]);
  expect(of('threadmemo.tier.up', { tier: 'map' })).toEqual([1]);
});

test('what is no provider is refused, and so is a second call', () => {
  expect(() => instrument()).toThrow(/instrument\(\).*second/);
  off();
  const no = { meterProvider: {} } as unknown as InstrumentOptions;
  expect(() => instrument(no)).toThrow(/meterProvider.*MeterProvider/);
  expect(() => instrument({ tracerProvider: 1 } as never)).toThrow(/tracerProvider/);
  instrument()();
});
