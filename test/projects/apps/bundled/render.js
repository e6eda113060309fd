import { isMainThread } from 'node:worker_threads';
import { memoize } from 'threadmemo';

export const render = memoize(
  import.meta.url,
  function render(text, theme) {
    return { html: `<p class="${theme.name}">${text.toUpperCase()}</p>`, inWorker: !isMainThread };
  },
  { name: 'render' },
);
