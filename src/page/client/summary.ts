/** The first figures: how much is called, and what the cache saves. */

import type { PageSnapshot } from '../snapshot.ts';
import { byId, make, setText } from './dom.ts';
import { count, duration, percent } from './words.ts';

const figures = new Map<string, HTMLElement>();
let before: { readonly ms: number; readonly calls: number } | undefined;

export function showSummary({ ms, functions, threads, queued }: PageSnapshot): void {
  const sum = (of: (each: (typeof functions)[number]) => number) =>
    functions.reduce((total, each) => total + of(each), 0);
  const calls = sum((each) => each.calls);
  const hits = sum(({ near, shared, memory, tiers }) => near + shared + memory + tiers);
  const seconds = before && (ms - before.ms) / 1000;
  const rate = before && seconds ? Math.round((calls - before.calls) / seconds) : undefined;
  before = { ms, calls };
  figure('Open for', duration(ms));
  figure('Calls a second', rate === undefined ? '…' : count(rate));
  figure('Calls', count(calls));
  figure('Hits', percent(hits, calls) || 'none');
  figure('Computing saved', duration(sum(({ saved }) => saved)));
  figure('Computing spent', duration(sum(({ spent }) => spent)));
  figure('Threads up', `${threads.up} of ${threads.wanted}`);
  figure('Queued', count(queued));
}

function figure(name: string, text: string): void {
  let value = figures.get(name);
  if (!value) {
    value = make('dd');
    figures.set(name, value);
    byId('summary').append(make('div', {}, make('dt', {}, name), value));
  }
  setText(value, text);
}
