/** What a disk tier does beyond what every tier does. Its types ask for no package. */

import type { LeaseAnswer, Tier, TierRecord } from '../tier.ts';
import type { DiskLimits } from './options.ts';

/** What is stored of one function. */
export interface FunctionOnDisk {
  readonly entries: number;
  /** Of its records and their keys. */
  readonly bytes: number;
  /** Uses of the entries that are there, by all processes. */
  readonly hits: number;
  /** Milliseconds that computing the stored values took. */
  readonly ms: number;
  /** When the oldest entry was stored, in milliseconds since 1970. */
  readonly oldest: number;
  /** When the newest entry was stored, in milliseconds since 1970. */
  readonly newest: number;
}

/** A record, as the index knows it. */
export interface EntryOnDisk {
  /** As the pool has made it, behind the id of its function; `undefined` for one that is too long to be kept. */
  readonly key: string | undefined;
  /** When it was stored, in milliseconds since 1970. */
  readonly storedAt: number;
  /** In milliseconds since 1970; `Infinity` for never. It may be over, as long as nothing has asked for the record. */
  readonly expiresAt: number;
  /** Of the record and its key. */
  readonly bytes: number;
  /** How often it was used; written some seconds later. */
  readonly hits: number;
  /** Milliseconds that computing the value took. */
  readonly ms: number;
}

/** What `verify` has found. */
export interface Verified {
  readonly sound: number;
  /** Records that were damaged, and are removed. */
  readonly damaged: number;
  /** Records that are sound, but were missing from the index of use, and are in it again. */
  readonly mended: number;
}

/** What a disk tier holds, and what became of the questions that it was asked. */
export interface DiskStats {
  readonly entries: number;
  /** Of all records and their keys. */
  readonly bytes: number;
  /** Bytes in use, in whole pages of the file; what `maxSize` limits. */
  readonly size: number;
  /** Bytes of the file, room that is free among them. */
  readonly fileSize: number;
  /** Damaged records that this process has met and removed. */
  readonly damaged: number;
  /** Background work that has failed in this process: uses not noted, limits not applied. */
  readonly failures: number;
  /** By function id. */
  readonly functions: Readonly<Record<string, FunctionOnDisk>>;
}

/** What `prune` has removed. */
export interface Pruned {
  readonly entries: number;
}

/** A tier in a directory. What it throws is a `MemoError` only when it is opened. */
export interface DiskTier extends Tier {
  getNow(functionId: string, key: string): TierRecord | undefined;
  /** Among all processes that have the directory open. */
  lease(functionId: string, key: string, refresh?: boolean): Promise<LeaseAnswer>;
  /**
   * Forgets everything; with an id, one function: all versions of it, unless the id has one
   * (`stats().functions` lists them).
   */
  clear(functionId?: string): Promise<void>;
  clearPrefix(prefix: string): Promise<void>;
  /** The record of a key, as the index knows it, expired or not. That counts as no use. */
  entry(functionId: string, key: string): EntryOnDisk | undefined;
  /** All records of one function (an id of `stats().functions`), read in small steps. */
  entries(functionId: string): AsyncIterable<EntryOnDisk>;
  /** Counts what there is, of all processes; reads the index of all entries, in small steps. */
  stats(): Promise<DiskStats>;
  /**
   * Removes what is beyond the tier's own limits and these, and what has expired, once and now.
   * @throws {OptionError}
   */
  prune(limits?: DiskLimits): Promise<Pruned>;
  /** Reads every record, in small steps, and removes those that are damaged. */
  verify(): Promise<Verified>;
}
