/** The visitors: as many as autocannon can be, who read the articles one after the other; and one of the page. */

import autocannon from 'autocannon';
import { article, articles } from './articles.ts';
import { render } from './render.ts';

export const connections = 100;

export interface Phase {
  readonly requests: number;
  readonly perSecond: number;
  readonly median: number;
  readonly slowest: number;
  readonly failed: number;
  readonly numbers: Numbers;
}

/** Since the start of the service. */
export interface Numbers {
  readonly runs: number;
  readonly renderings: number;
  readonly rows: number;
}

export interface Watched {
  /** How often the page was sent what is new. */
  readonly looks: number;
  /** At the end. */
  readonly findings: readonly { readonly text: string }[];
}

/** @param amount of requests, over all connections, which begin with the first article */
export async function visit(url: string, amount: number): Promise<Phase> {
  const requests = Array.from({ length: articles }, (_, at) => ({ path: `/articles/${at + 1}` }));
  const result = await autocannon({ url, connections, amount, timeout: 60, requests });
  return {
    requests: result['2xx'] + result.non2xx,
    perSecond: result.requests.average,
    median: result.latency.p50,
    slowest: result.latency.p99,
    failed: result.non2xx + result.errors + result.timeouts,
    numbers: await numbersOf(url),
  };
}

/** As a dashboard has them: out of the metrics. */
export async function numbersOf(url: string): Promise<Numbers> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const computations = (of: string) =>
    numberIn(metrics, `threadmemo_computations_total{function="${of}",outcome="value"}`);
  return {
    runs: numberIn(metrics, 'article_runs_total'),
    renderings: computations(render.id),
    rows: computations(article.id),
  };
}

function numberIn(metrics: string, name: string): number {
  const line = metrics.split('\n').find((each) => each.startsWith(`${name} `));
  if (line === undefined) throw new Error(`${name} is not among the metrics`);
  return Number(line.slice(name.length));
}

/** Has the status page open until the service ends, as a browser would. */
export async function watch(url: string): Promise<Watched> {
  const { body } = await fetch(`${url}/cache?events`);
  let [rest, looks, findings] = ['', 0, [] as Watched['findings']];
  for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const events = (rest + text).split('\n\n');
    rest = events.pop() as string;
    for (const event of events.filter((each) => each.startsWith('data: '))) {
      looks++;
      findings = JSON.parse(event.slice('data: '.length)).findings;
    }
  }
  return { looks, findings };
}
