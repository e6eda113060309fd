/** Reads and writes items, with the generations that decide what is current. */

import { randomBytes } from 'node:crypto';
import { decodeItem, encodeItem, GENERATIONS_BYTES, type Item } from './item.ts';
import type { MemcachedKey } from './names.ts';
import type { MemcachedReply } from './replies.ts';
import type { MemcachedServer } from './server.ts';

/** What is there under a key. */
export interface Seen {
  /** By which it can be replaced; `undefined` when nothing is there. */
  readonly cas: string | undefined;
  /** `undefined` for what is not there, belongs to a generation that is over, or is no item. */
  readonly item: Item | undefined;
  readonly isDamaged: boolean;
  /** The present ones; `undefined` when there are none, and nothing is current. */
  readonly generations: Buffer | undefined;
}

/** Of a write under a condition. */
export type Written =
  | { readonly state: 'done'; readonly cas: string }
  /** Something else is there than was seen. */
  | { readonly state: 'changed' }
  /** Nothing is there any more. */
  | { readonly state: 'gone' };

/** Random ones, so that one that was evicted never comes back. */
const GENERATION_BYTES = GENERATIONS_BYTES / 2;

export async function look(server: MemcachedServer, key: MemcachedKey): Promise<Seen> {
  // In one packet; the item first: what is cleared in between is not current then.
  const [reply, ...generations] = await Promise.all([
    server.send({ line: `mg ${key.name} v c t` }),
    ...key.generations.map((name) => server.send({ line: `mg ${name} v` })),
  ]);
  return seen(key, reply, joined(generations));
}

/** The present generations, if there are any. */
export async function presentGenerations(
  server: MemcachedServer,
  key: MemcachedKey,
): Promise<Buffer | undefined> {
  return joined(
    await Promise.all(key.generations.map((name) => server.send({ line: `mg ${name} v` }))),
  );
}

/** The present generations, begun if there are none. */
export async function generationsOf(server: MemcachedServer, key: MemcachedKey): Promise<Buffer> {
  return Buffer.concat(await Promise.all(key.generations.map((name) => generation(server, name))));
}

/** @param cas of what is to be replaced; `undefined`: only if there is nothing */
export async function write(
  server: MemcachedServer,
  { name }: MemcachedKey,
  item: Item,
  ttl: number,
  cas: string | undefined,
): Promise<Written> {
  const value = encodeItem(name, item, ttl);
  const condition = cas === undefined ? 'ME' : `C${cas}`;
  const line = `ms ${name} ${value.length} T${ttl} ${condition} c`;
  const { code, flags } = await server.send({ line, value });
  if (code === 'HD') return { state: 'done', cas: flags.get('c') ?? '0' };
  return { state: code === 'NF' ? 'gone' : 'changed' };
}

/** @param cas only if that is still there */
export async function remove(server: MemcachedServer, name: string, cas?: string): Promise<void> {
  await server.send({ line: cas === undefined ? `md ${name}` : `md ${name} C${cas}` });
}

function seen(key: MemcachedKey, reply: MemcachedReply, generations: Buffer | undefined): Seen {
  const { value, flags } = reply;
  if (!value) return { cas: undefined, item: undefined, isDamaged: false, generations };
  const item = decodeItem(key.name, value, Number(flags.get('t')));
  const isCurrent = item && generations?.equals(item.generations);
  return {
    cas: flags.get('c'),
    item: isCurrent ? item : undefined,
    isDamaged: !item,
    generations,
  };
}

export function joined(replies: readonly (MemcachedReply | undefined)[]): Buffer | undefined {
  const values = replies.map((reply) => reply?.value);
  const areThere = values.every((value) => value?.length === GENERATION_BYTES);
  return areThere ? Buffer.concat(values as Buffer[]) : undefined;
}

async function generation(server: MemcachedServer, name: string): Promise<Buffer> {
  const { value } = await server.send({ line: `mg ${name} v` });
  if (value?.length === GENERATION_BYTES) return value;
  const begun = randomBytes(GENERATION_BYTES);
  // What is there and no generation is foreign.
  const mode = value ? '' : 'ME ';
  const line = `ms ${name} ${GENERATION_BYTES} ${mode}T0`;
  const { code } = await server.send({ line, value: begun });
  return code === 'HD' ? begun : generation(server, name);
}
