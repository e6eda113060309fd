import { isMainThread } from 'node:worker_threads';
import { currentSignal, memoize } from 'threadmemo';

export type Theme = 'dark' | 'light';

export interface Page {
  html: string;
  inWorker: boolean;
}

const upper = memoize(import.meta.url, function upper(text: string): string {
  return text.toUpperCase();
});

/** Ends when it is told to; a thread that does not is replaced. */
export const endless = memoize(import.meta.url, function endless(text: string): string {
  while (!currentSignal().aborted);
  return text;
});

export const render = memoize(
  import.meta.url,
  function render(text: string, theme: Theme): Page {
    const [from, again, to] = [upper.sync(theme), upper.sync(theme), upper.sync(text)];
    const html = `<p class="${theme}" title="${from}, ${again}">${to}</p>`;
    return { html, inWorker: !isMainThread };
  },
  { ttl: '10m' },
);
