// layout.js
import { isMainThread } from 'node:worker_threads';
import { memoize } from 'threadmemo';

/** Lines of at most `width` characters, where words allow. */
export const layout = memoize(
  import.meta.url,
  function layout(text, width) {
    const lines = [''];
    for (const word of text.split(' ')) {
      const longer = `${lines.at(-1)} ${word}`.trim();
      if (longer.length > width) lines.push(word);
      else lines[lines.length - 1] = longer;
    }
    return { lines, inWorker: !isMainThread };
  },
  { ttl: '10m' },
);
