/**
 * `threadmemo/otel`: what the pool of this thread counts, as instruments of OpenTelemetry; and the calls and
 * computations of this thread, as spans.
 *
 * Nothing is counted for the instruments but durations; spans are made of the diagnostics channels. Each
 * thread reports its own spans, so it must be called in each: the file that starts the SDK is the place,
 * loaded with `--import`, which worker threads load as well.
 */

import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { requirePeer } from '../installed.ts';
import { refuseUnknown, wrong } from '../options.ts';
import { type Api, reportMetrics } from './otel-metrics.ts';
import { reportSpans } from './otel-spans.ts';

/** Where to report to, if not to the providers that are registered for the process. */
export interface InstrumentOptions {
  /** Default: the global one. */
  readonly meterProvider?: MeterProvider;
  /** Default: the global one. */
  readonly tracerProvider?: TracerProvider;
}

let isOn = false;

/**
 * Reports to OpenTelemetry: metrics of whichever pool is open in this thread, and spans `threadmemo.call` and
 * `threadmemo.compute` of this thread. A call that is a hit has no span. Call it once in each thread, after
 * the SDK was started. Needs the package `@opentelemetry/api`, 1.9 or later.
 * @returns ends it
 * @throws {OptionError} for what is no provider, or when it is on already.
 * @throws {MissingPackageError} without the package.
 * @example
 * // tracing.js, loaded with `node --import ./tracing.js`
 * import { NodeSDK } from '@opentelemetry/sdk-node';
 * import { instrument } from 'threadmemo/otel';
 *
 * new NodeSDK().start();
 * instrument();
 */
export function instrument(options: InstrumentOptions = {}): () => void {
  refuseUnknown(options, 'instrument()', ['meterProvider', 'tracerProvider']);
  const api = requirePeer('@opentelemetry/api', 'instrument() reports') as Api;
  const { meterProvider = api.metrics, tracerProvider = api.trace } = options;
  if (typeof meterProvider?.getMeter !== 'function')
    throw wrong('meterProvider', meterProvider, 'a MeterProvider of OpenTelemetry');
  if (typeof tracerProvider?.getTracer !== 'function')
    throw wrong('tracerProvider', tracerProvider, 'a TracerProvider of OpenTelemetry');
  if (isOn)
    throw wrong(
      'instrument()',
      'a second call',
      'one call in each thread, or the end of the first',
    );
  isOn = true;
  const endMetrics = reportMetrics(api, meterProvider.getMeter('threadmemo'));
  const endSpans = reportSpans(api, tracerProvider.getTracer('threadmemo'));
  return () => {
    endMetrics();
    endSpans();
    isOn = false;
  };
}
