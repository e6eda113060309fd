/** `threadmemo cache stats|prune|clear|verify`: what is in a directory, and less of it. */

import { type DiskLimits, type DiskStats, type DiskTier, diskTier } from '../disk.ts';
import { dateNow } from '../runtime/globals.ts';
import { printable } from '../text/printable.ts';
import { readTierId } from '../tiers/namespace.ts';
import { checkCacheDirectory } from './cache-directory.ts';
import { Exit, Unusable } from './ended.ts';
import { print } from './print.ts';
import { tableOf } from './table.ts';
import { age, duration, grouped, size } from './wording.ts';

interface AsJson {
  readonly json?: boolean;
}

interface Found {
  readonly text: string;
  readonly code?: number;
}

interface OfNamespace {
  /** Of all, and of none, when it is not given. */
  readonly namespace?: string;
}

/** @throws {Unusable} {@link MemoError} */
export function stats(path: string, { json, namespace }: AsJson & OfNamespace): Promise<number> {
  return withCache(path, async (tier) => {
    const all = await tier.stats();
    const found = namespace === undefined ? all : partOf(all, namespace);
    return { text: json ? printable(JSON.stringify(found)) : statsText(path, found) };
  });
}

/** @throws {Unusable} {@link MemoError} */
export function prune(path: string, { json, ...limits }: DiskLimits & AsJson): Promise<number> {
  if (Object.keys(limits).length === 0) {
    throw new Unusable('prune to what? Say --max-size, --max-age or --max-entries');
  }
  return withCache(path, async (tier) => {
    const { entries } = await tier.prune(limits);
    return { text: json ? JSON.stringify({ entries }) : removed(entries) };
  });
}

/** @throws {Unusable} {@link MemoError} */
export function clear(
  path: string,
  { json, namespace, function: fn }: AsJson & OfNamespace & { readonly function?: string },
): Promise<number> {
  return withCache(path, async (tier) => {
    const all = await tier.stats();
    const { functions } = namespace === undefined ? all : partOf(all, namespace);
    const ids = Object.keys(functions).filter((id) => fn === undefined || isOf(id, fn, namespace));
    if (fn !== undefined && ids.length === 0) throw unknown(fn, path, Object.keys(functions));
    const entries = ids.reduce((sum, id) => sum + (functions[id]?.entries ?? 0), 0);
    if (fn === undefined && namespace === undefined) await tier.clear();
    else for (const id of ids) await tier.clear(id);
    const text = json ? printable(JSON.stringify({ entries, functions: ids })) : removed(entries);
    return { text };
  });
}

/** @throws {Unusable} {@link MemoError} */
export function verify(path: string, { json }: AsJson): Promise<number> {
  return withCache(path, async (tier) => {
    const found = await tier.verify();
    const { sound, damaged, mended } = found;
    const words = [
      `${plural(sound + mended)} sound`,
      `${grouped(damaged)} damaged${damaged > 0 ? ' and removed' : ''}`,
      ...(mended > 0
        ? [`${grouped(mended)} were missing from the index, and are in it again`]
        : []),
    ];
    return {
      text: json ? JSON.stringify(found) : words.join(', '),
      code: damaged > 0 ? Exit.failed : Exit.done,
    };
  });
}

async function withCache(path: string, run: (tier: DiskTier) => Promise<Found>): Promise<number> {
  checkCacheDirectory(path);
  const tier = diskTier({ path });
  try {
    const { text, code = Exit.done } = await run(tier);
    return (await print(text)) ? code : Exit.unread;
  } finally {
    await tier.close();
  }
}

function statsText(path: string, { entries, size: used, fileSize, functions }: DiskStats): string {
  const now = dateNow();
  const rows = Object.entries(functions).map(([id, { ...found }]) => {
    const { name, version } = parts(id);
    const ages = [found.newest, found.oldest].map((date) => age(now - date));
    const sums = [grouped(found.entries), size(found.bytes), grouped(found.hits)];
    return [printable(name), printable(version), ...sums, duration(found.ms), ...ages];
  });
  const header = [
    'function',
    'version',
    'entries',
    'bytes',
    'hits',
    'CPU time',
    'newest',
    'oldest',
  ];
  const inAll = `${printable(path)}: ${plural(entries)}, ${size(used)} in use, a file of ${size(fileSize)}`;
  return rows.length === 0 ? inAll : `${tableOf([header, ...rows.sort(byName)])}\n\n${inAll}`;
}

function byName([a = '', x = '']: readonly string[], [b = '', y = '']: readonly string[]): number {
  return a.localeCompare(b) || x.localeCompare(y);
}

/** `package/module.js#name@version`; there may be an @ in the package's name, too. */
function parts(id: string): { readonly name: string; readonly version: string } {
  const at = id.indexOf('@', id.indexOf('#') + 1);
  return at < 0 ? { name: id, version: '' } : { name: id.slice(0, at), version: id.slice(at + 1) };
}

/** The functions of one namespace, and their sums. */
function partOf(stats: DiskStats, namespace: string): DiskStats {
  const own = Object.entries(stats.functions).filter(
    ([id]) => readTierId(id).namespace === namespace,
  );
  const sum = (what: 'entries' | 'bytes') => own.reduce((all, [, each]) => all + each[what], 0);
  const sums = { entries: sum('entries'), bytes: sum('bytes') };
  return { ...stats, ...sums, functions: Object.fromEntries(own) };
}

/** With its version, or of any; as it is, or as `stats` shows it; and as its service knows it. */
function isOf(id: string, fn: string, namespace: string | undefined): boolean {
  const own = namespace === undefined ? id : readTierId(id).id;
  const names = [id, parts(id).name, own, parts(own).name];
  return names.some((text) => text === fn || printable(text) === fn);
}

function unknown(fn: string, path: string, ids: readonly string[]): Unusable {
  const there = [...new Set(ids.map((id) => parts(id).name))].sort();
  return new Unusable(
    `${path} has nothing of ${fn}; it has ${there.join(', ') || 'nothing at all'}`,
  );
}

function removed(entries: number): string {
  return `${plural(entries)} removed`;
}

function plural(entries: number): string {
  return entries === 1 ? '1 entry' : `${grouped(entries)} entries`;
}
