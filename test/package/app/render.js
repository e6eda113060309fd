import { isMainThread } from 'node:worker_threads';
import { currentSignal, memoize } from 'threadmemo';

const upper = memoize(import.meta.url, function upper(text) {
  return text.toUpperCase();
});

/** Ends when it is told to; a thread that does not is replaced. */
export const endless = memoize(import.meta.url, function endless(text) {
  while (!currentSignal().aborted);
  return text;
});

export const render = memoize(import.meta.url, function render(text, theme) {
  const [from, again, to] = [upper.sync(theme), upper.sync(theme), upper.sync(text)];
  const html = `<p class="${theme}" title="${from}, ${again}">${to}</p>`;
  return { html, inWorker: !isMainThread };
});
