import { isMainThread } from 'node:worker_threads';
import { memoize } from 'threadmemo';

export type Theme = 'dark' | 'light';

export interface Page {
  html: string;
  inWorker: boolean;
}

export const render = memoize(
  import.meta.url,
  function render(text: string, theme: Theme): Page {
    return { html: `<p class="${theme}">${text}</p>`, inWorker: !isMainThread };
  },
  { ttl: '10m' },
);
