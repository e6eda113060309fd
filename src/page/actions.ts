/**
 * What the page does to the pool, if the user lets it. A request must carry the token that stands in the page, in
 * a header: another site can neither read the one nor send the other.
 */

import { timingSafeEqual } from 'node:crypto';
import { OptionError } from '../errors.ts';
import type { MemoPool } from '../pool/pool.ts';
import type { PoolView } from '../pool/pool-view.ts';
import type { PageVisit } from './visit.ts';

export const TOKEN_HEADER = 'x-threadmemo-token';

interface Actor {
  readonly pool: MemoPool;
  readonly view: PoolView;
}

export interface ActionAnswer {
  readonly status: number;
  readonly text: string;
}

/** Whether the request comes from the page. */
export function isFromPage(visit: PageVisit, token: string): boolean {
  const from = visit.header('sec-fetch-site');
  if (from !== undefined && from !== 'same-origin') return false;
  const [given, right] = [Buffer.from(visit.header(TOKEN_HEADER) ?? ''), Buffer.from(token)];
  return given.length === right.length && timingSafeEqual(given, right);
}

/** Settles when it is done. Never rejects. */
export async function act(query: URLSearchParams, actor: Actor): Promise<ActionAnswer> {
  try {
    const done = begin(query, actor);
    if (done === undefined)
      return { status: 404, text: 'There is no such function, or no such key.' };
    await done;
    return { status: 200, text: 'Done.' };
  } catch (error) {
    const status = error instanceof OptionError ? 400 : 500;
    return { status, text: error instanceof Error ? error.message : String(error) };
  }
}

/** @throws {OptionError} */
function begin(query: URLSearchParams, { pool, view }: Actor): Promise<void> | undefined {
  const action = query.get('action');
  const [fn, key, tag] = [query.get('function'), query.get('key'), query.get('tag')];
  if (action === 'clear') return fn === null ? pool.clear() : view.clear(fn);
  if (action === 'invalidate' && tag !== null) return pool.invalidateTags(tag);
  if (action === 'invalidate' && key !== null) return view.invalidate(key);
  if (action === 'expire' && key !== null) return view.expire(key);
  throw new OptionError(
    'The action must be clear, clear with a function, invalidate with a key or a tag, or expire with a key.',
  );
}
