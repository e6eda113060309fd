import { isMainThread } from 'node:worker_threads';
import { memoize } from 'threadmemo';

export type Theme = 'dark' | 'light';

export interface Page {
  html: string;
  inWorker: boolean;
}

const upper = memoize(import.meta.url, function upper(text: string): string {
  return text.toUpperCase();
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
