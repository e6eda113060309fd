/** What takes the processor's time: a worker thread computes it, once for all that ask. */

import { memoize } from 'threadmemo';
import { article } from './articles.ts';

export const render = memoize(
  import.meta.url,
  async function render(id: number): Promise<string | undefined> {
    // Asked of the main thread, or found in shared memory.
    const found = await article(id);
    if (found === undefined) return undefined;
    return `<h1>${id}, revision ${found.revision}</h1><p>${typeset(found.text)}</p>`;
  },
  { ttl: '10m', tags: (_, [id]) => [`article:${id}`] },
);

/** Some milliseconds, as for a page with mathematics in it. */
function typeset(text: string): string {
  let sum = 0;
  for (let round = 0; round < 500; round++) {
    for (let at = 0; at < text.length; at++) sum = (sum * 31 + text.charCodeAt(at)) | 0;
  }
  return `${text}<small>${sum}</small>`;
}
