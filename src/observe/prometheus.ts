/**
 * `threadmemo/prometheus`: what the pool of this thread counts, as metrics of a registry that the user has.
 *
 * Nothing is counted for it: a scrape adds up what is there, once for all metrics, and there are no values
 * while no pool is open. A key is never a label; there are as many series as functions have results.
 */

import { wrong } from '../options.ts';
import { type Readings, readingsNow } from '../pool/readings.ts';
import { queueMicrotask } from '../runtime/globals.ts';
import { METRICS, type MetricDefinition, type Sample } from './metrics.ts';

/**
 * A registry of `prom-client` 15 or later, or of `@prometheus-io/client`: `register`, or a `new Registry()`.
 * By its shape, so that neither has to be installed.
 */
export interface MetricsRegistry {
  /** Adds a metric, whose `get()` is called at each scrape. */
  registerMetric(metric: never): void;
}

/**
 * Adds the metrics `threadmemo_…` to a registry, once a process. They are of whichever pool is open when they
 * are scraped, on the thread that has opened it. A scrape of 200 functions takes a few milliseconds.
 * @throws {OptionError} when it is no registry; what the registry throws, for example when they are there.
 * @example
 * import { register } from 'prom-client';
 * collectMetrics(register);
 */
export function collectMetrics(registry: MetricsRegistry): void {
  if (typeof registry?.registerMetric !== 'function')
    throw wrong('registry', registry, 'a Registry of prom-client or @prometheus-io/client');
  const snapshot = shared(readingsNow);
  for (const metric of METRICS) registry.registerMetric(metricOf(metric, snapshot) as never);
}

/** What a registry asks of a metric. */
interface RegisteredMetric {
  /** A registry that speaks OpenMetrics takes `_total` away, and puts it behind each sample. */
  name: string;
  readonly help: string;
  readonly type: MetricDefinition['type'];
  readonly aggregator: string;
  get(): Promise<object>;
  /** The same for text: labels in `sharedLabels`, which the registry writes once for each object. */
  getForPromString(): Promise<object>;
  reset(): void;
}

function metricOf(
  { name, help, type, read }: MetricDefinition,
  snapshot: () => Readings | undefined,
): RegisteredMetric {
  const aggregator = 'sum';
  const interned = new InternedLabels();
  const samples = (): Iterable<Sample> => {
    const readings = snapshot();
    return readings ? read(readings) : [];
  };
  const metricName = (suffix?: string) => (suffix ? { metricName: `${name}${suffix}` } : undefined);
  return {
    name,
    help,
    type,
    aggregator,
    async get() {
      const values = Array.from(samples(), ({ value, labels, suffix }) => ({
        value,
        labels,
        ...metricName(suffix),
      }));
      return { name: this.name, help, type, aggregator, values };
    },
    async getForPromString() {
      const values = Array.from(samples(), ({ value, labels, suffix }, at) => ({
        value,
        sharedLabels: interned.at(at, labels),
        ...metricName(suffix),
      }));
      return { name: this.name, help, type, aggregator, values };
    },
    // What is counted is the pool's own.
    reset() {},
  };
}

/** Samples come in the same order each time, unless another pool was opened. */
class InternedLabels {
  readonly #known: Sample['labels'][] = [];

  at(nth: number, labels: Sample['labels']): Sample['labels'] {
    const known = this.#known[nth];
    if (known && areAlike(known, labels)) return known;
    this.#known[nth] = labels;
    return labels;
  }
}

function areAlike(some: Sample['labels'], others: Sample['labels']): boolean {
  for (const name in others) if (some[name] !== others[name]) return false;
  return true;
}

/** One for all metrics of a scrape, which asks each of them before it waits for any. */
function shared<T>(read: () => T): () => T {
  let kept: { readonly value: T } | undefined;
  return () => {
    if (kept) return kept.value;
    kept = { value: read() };
    queueMicrotask(() => {
      kept = undefined;
    });
    return kept.value;
  };
}
