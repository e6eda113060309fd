import { memoize } from 'threadmemo';

/** What comes of opening a tier in the thread that computes this. */
export const inside = memoize(import.meta.url, async function inside() {
  const { redisTier } = await import('threadmemo/redis');
  try {
    return redisTier();
  } catch (error) {
    return [error.name, error.message];
  }
});
