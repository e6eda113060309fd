import { HttpException, NotFoundException } from '@nestjs/common';
import { memoize } from 'threadmemo';

/** What a provider's method calls: memoized by its module, since a thread has no `this`. */
export const priceOf = memoize(
  import.meta.url,
  function priceOf(article) {
    if (article === 'none') throw new NotFoundException(`there is no ${article}`);
    return { article, price: article.length };
  },
  { errors: [HttpException] },
);
