/** The metrics of `metrics.ts` as instruments: those that are counts are read when they are collected. */

import type { BatchObservableCallback, Histogram, Meter, Observable } from '@opentelemetry/api';
import { type Measured, tellDurations } from '../events/durations.ts';
import { LIMITS_S } from '../order/histogram.ts';
import { readingsNow } from '../pool/readings.ts';
import { METRICS, type MetricDefinition } from './metrics.ts';

export type Api = typeof import('@opentelemetry/api');

/** @returns ends it */
export function reportMetrics({ diag }: Api, meter: Meter): () => void {
  const observed = new Map<Observable, MetricDefinition>();
  for (const metric of METRICS)
    if (metric.type !== 'histogram') observed.set(observableOf(meter, metric), metric);
  const observe: BatchObservableCallback = (result) => {
    const readings = readingsNow();
    if (!readings) return;
    for (const [instrument, metric] of observed)
      for (const { value, labels } of metric.read(readings))
        result.observe(instrument, value, labels);
  };
  const instruments = [...observed.keys()];
  meter.addBatchObservableCallback(observe, instruments);
  const histograms: Record<Measured, Histogram> = {
    compute: histogramOf(meter, 'threadmemo_compute_seconds'),
    wait: histogramOf(meter, 'threadmemo_pool_wait_seconds'),
  };
  tellDurations((what, ms) => {
    try {
      histograms[what].record(ms / 1000);
    } catch (error) {
      // In the midst of a step of the coordinator, which goes on whatever a provider does.
      diag.error('threadmemo: a duration was not recorded', error);
    }
  });
  return () => {
    meter.removeBatchObservableCallback(observe, instruments);
    tellDurations(undefined);
  };
}

function observableOf(meter: Meter, metric: MetricDefinition): Observable {
  const { instrument, help: description, unit, type } = metric;
  return type === 'counter'
    ? meter.createObservableCounter(instrument, { description, unit })
    : meter.createObservableGauge(instrument, { description, unit });
}

function histogramOf(meter: Meter, name: string): Histogram {
  const metric = METRICS.find((each) => each.name === name) as MetricDefinition;
  const { instrument, help: description, unit } = metric;
  const advice = { explicitBucketBoundaries: [...LIMITS_S] };
  return meter.createHistogram(instrument, { description, unit, advice });
}
