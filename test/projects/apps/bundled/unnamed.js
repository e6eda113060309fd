import { memoize } from 'threadmemo';

export const render = memoize(import.meta.url, function render(text) {
  return text.toUpperCase();
});

console.log(render.id);
