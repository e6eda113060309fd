/**
 * What is at a path, in short: where links on it lead, and the number, size and times of what is
 * there. The time of the last change of any kind is among it: a package's files all have the same
 * date.
 */

import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

export interface Stamp {
  /** Another one when anything has changed; `null` where nothing is. */
  readonly is: string | null;
  readonly isFile: boolean;
  /** Milliseconds since 1970: the last change of what is there, or of where it is. */
  readonly changedAt: number;
  /** The same of the links on the way alone. */
  readonly linkedAt: number;
}

interface Place {
  readonly real: string;
  readonly stats: BigIntStats | undefined;
  readonly linkedAt: number;
}

/** One look at many paths: what they have in common is looked at once. */
export class Glance {
  readonly #places = new Map<string, Place>();

  stamp(path: string): Stamp {
    const { real, stats, linkedAt } = this.#place(path);
    if (!stats) return { is: null, isFile: false, changedAt: linkedAt, linkedAt };
    const { ino, size, mtimeNs, ctimeNs, mtimeMs, ctimeMs } = stats;
    const link = real === path ? '' : `${real} `;
    return {
      is: `${link}${ino} ${size} ${mtimeNs} ${ctimeNs}`,
      isFile: stats.isFile(),
      changedAt: Math.max(Number(mtimeMs), Number(ctimeMs), linkedAt),
      linkedAt,
    };
  }

  #place(path: string): Place {
    const known = this.#places.get(path);
    if (known) return known;
    const above = dirname(path);
    const folder = above === path ? TOP : this.#place(above);
    const own = folder === TOP ? path : join(folder.real, basename(path));
    const stats = folder.stats || folder === TOP ? statsOf(own) : undefined;
    let place: Place = { real: own, stats, linkedAt: folder.linkedAt };
    // A link, too, before it is followed: it may lead to itself.
    this.#places.set(path, place);
    if (!stats?.isSymbolicLink()) return place;
    const target = this.#place(resolve(folder.real, readlinkSync(own)));
    const linkedAt = Math.max(folder.linkedAt, Number(stats.ctimeMs), target.linkedAt);
    place = { ...target, linkedAt };
    this.#places.set(path, place);
    return place;
  }
}

/** What is above the root. */
const TOP: Place = { real: '', stats: undefined, linkedAt: Number.NEGATIVE_INFINITY };

function statsOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
