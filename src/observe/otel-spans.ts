/**
 * Calls and computations of this thread as spans, made of the diagnostics channels.
 *
 * A call's span is a child of what is active where the call is made; the span of the computation that it
 * begins is a child of the call's, in whichever thread that is: the call's event carries the context there.
 * A call that was answered by the computation of another one is linked to that one's span. No key and no
 * argument is in a span.
 */

import { threadId } from 'node:worker_threads';
import type { Attributes, Context, Link, Span, Tracer } from '@opentelemetry/api';
import { type CallEvent, type ComputeEvent, calls, computations } from '../events/channels.ts';
import { surroundComputations } from '../events/trace.ts';
import type { TraceContext } from '../protocol.ts';
import { dateNow } from '../runtime/globals.ts';
import { shown } from '../text/shown.ts';
import type { Api } from './otel-metrics.ts';

/** Beside what propagators write, of which there may be none: `trace id-span id-flags`. */
const SPAN = 'threadmemo-span';

const nothing = (): void => {};
/** What is not of interest. */
const NOTHING = {
  start: nothing,
  end: nothing,
  asyncStart: nothing,
  asyncEnd: nothing,
  error: nothing,
};

/** @returns ends it */
export function reportSpans(api: Api, tracer: Tracer): () => void {
  const spans = new Spans(api, tracer);
  calls.subscribe(spans.ofCalls);
  computations.subscribe(spans.ofComputations);
  surroundComputations((event, run) => spans.within(event, run));
  return () => {
    calls.unsubscribe(spans.ofCalls);
    computations.unsubscribe(spans.ofComputations);
    surroundComputations(undefined);
  };
}

class Spans {
  readonly #api: Api;
  readonly #tracer: Tracer;
  readonly #calls = new WeakMap<CallEvent, Span>();
  readonly #computations = new WeakMap<ComputeEvent, Span>();
  /** When computations began that other threads report themselves, unless they are lost. */
  readonly #elsewhere = new WeakMap<ComputeEvent, number>();

  constructor(api: Api, tracer: Tracer) {
    this.#api = api;
    this.#tracer = tracer;
  }

  readonly ofCalls = {
    ...NOTHING,
    start: (event: CallEvent): void => {
      const { functionId, kind } = event;
      const attributes = { ...of(functionId), ...(kind && { 'threadmemo.call.kind': kind }) };
      const span = this.#tracer.startSpan('threadmemo.call', { attributes });
      this.#calls.set(event, span);
      const context = this.#carried(span);
      if (context) event.context = context;
    },
    asyncEnd: (event: CallEvent): void => {
      const span = this.#calls.get(event);
      if (!span) return;
      const link = event.leader && this.#linkTo(event.leader);
      if (link) span.addLink(link);
      this.#end(span, 'error' in event, event.error);
    },
  };

  readonly ofComputations = {
    ...NOTHING,
    start: (event: ComputeEvent): void => {
      if (event.threadId === threadId) this.#computations.set(event, this.#spanOf(event));
      else this.#elsewhere.set(event, dateNow());
    },
    asyncEnd: (event: ComputeEvent): void => {
      const { outcome = 'value' } = event;
      const startTime = this.#elsewhere.get(event);
      const isLost = startTime !== undefined && outcome === 'lost';
      const span = isLost ? this.#spanOf(event, startTime) : this.#computations.get(event);
      if (!span) return;
      span.setAttribute('threadmemo.outcome', outcome);
      if (isLost) span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: outcome });
      this.#end(span, outcome === 'error', event.error);
    },
  };

  /** Runs a computation as what its span is the active one of. */
  within<T>(event: ComputeEvent, run: () => T): T {
    const span = this.#computations.get(event);
    if (!span) return run();
    const { context, trace } = this.#api;
    return context.with(trace.setSpan(this.#parentOf(event), span), run);
  }

  #spanOf(event: ComputeEvent, startTime?: number): Span {
    const attributes = { ...of(event.functionId), 'thread.id': event.threadId };
    const options = { attributes, ...(startTime !== undefined && { startTime }) };
    return this.#tracer.startSpan('threadmemo.compute', options, this.#parentOf(event));
  }

  /** Without a call that is followed: what is active here, as in `sync()`, or nothing, as for a refresh. */
  #parentOf({ context: carried }: ComputeEvent): Context {
    const { context, propagation, trace } = this.#api;
    const link = carried && this.#linkTo(carried);
    if (!link) return context.active();
    const extracted = propagation.extract(context.active(), carried);
    // It has the trace's state, too.
    const isThere = trace.getSpanContext(extracted)?.spanId === link.context.spanId;
    return isThere ? extracted : trace.setSpanContext(extracted, link.context);
  }

  #carried(span: Span): TraceContext | undefined {
    const { context, propagation, trace, isSpanContextValid } = this.#api;
    const spanContext = span.spanContext();
    if (!isSpanContextValid(spanContext)) return undefined;
    const { traceId, spanId, traceFlags } = spanContext;
    const carrier: Record<string, string> = {};
    propagation.inject(trace.setSpan(context.active(), span), carrier);
    carrier[SPAN] = [traceId, spanId, traceFlags].join('-');
    return carrier;
  }

  #linkTo(carried: TraceContext): Link | undefined {
    const [traceId, spanId, flags] = carried[SPAN]?.split('-') ?? [];
    if (!traceId || !spanId) return undefined;
    const context = { traceId, spanId, traceFlags: Number(flags), isRemote: true };
    return this.#api.isSpanContextValid(context) ? { context } : undefined;
  }

  #end(span: Span, hasFailed: boolean, error: unknown): void {
    if (hasFailed) {
      const message = error instanceof Error ? error.message : shown(error);
      span.recordException(error instanceof Error ? error : message);
      span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message });
    }
    span.end();
  }
}

function of(functionId: string): Attributes {
  return { 'threadmemo.function': functionId };
}
