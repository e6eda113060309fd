/**
 * The tier that outlives the process: records in a directory, which several processes may share.
 *
 * A read is one look-up in memory that lmdb maps, and a comparison of bytes. It writes nothing:
 * what was used is noted here, and written in the background, so the order of use is exact to the minute or
 * so. A write settles when it is committed.
 */

import { statSync } from 'node:fs';
import { type Clock, systemClock, type Timer } from '../../clock.ts';
import { DiskAccessError } from '../../errors.ts';
import { readerFile } from '../../installed.ts';
import { Turnstile } from '../../order/turnstile.ts';
import type { PacedTier, TierReading } from '../decorate.ts';
import type { LeaseAnswer, TierRecord } from '../tier.ts';
import type { DiskStats, DiskTier, EntryOnDisk, Pruned, Verified } from './contract.ts';
import { type Database, openDatabase } from './database.ts';
import { type DiskKey, DiskKeys } from './disk-key.ts';
import { DiskEntries } from './entries.ts';
import { type DiskLeaseTimes, leaseTimes } from './holders.ts';
import { DiskLeases } from './leases.ts';
import { Limits } from './limits.ts';
import { entriesOf, entryOf } from './listing.ts';
import {
  type DiskLimits,
  type DiskTierOptions,
  type ResolvedDiskTierOptions,
  resolveDiskTierOptions,
  resolveLimits,
  stricter,
} from './options.ts';
import type { DiskReading } from './reader.ts';
import { type DiskRecord, decodeRecord } from './record.ts';
import { STEP } from './steps.ts';
import { functionsOf, verify } from './survey.ts';
import { Transactions } from './transactions.ts';
import { usageOf } from './usage.ts';
import { Uses } from './uses.ts';

/** Milliseconds for which uses are noted before they are written. */
const WRITE_USES_AFTER = 10_000;

/**
 * Opens a directory. It may be open in other processes, too; not on a network file system.
 *
 * What a call has stored survives the end of the process, however it ends, as soon as it is
 * written, which is milliseconds after the call was answered. When the machine itself fails, the
 * last moments may be lost, and nothing else: the file is as it was a little earlier.
 *
 * @throws {OptionError} for a wrong option. @throws {MissingPackageError} without the package lmdb.
 * @throws {DiskAccessError} {@link DiskFormatError} {@link DiskVersionError} for a directory that
 * cannot be used.
 */
export function openDiskTier(
  options: DiskTierOptions,
  clock: Clock = systemClock,
  times: DiskLeaseTimes = leaseTimes,
): DiskTier {
  const resolved = resolveDiskTierOptions(options);
  const tier = new LmdbTier(resolved, openDatabase(resolved.path), clock, times);
  tier.keepWithinLimits();
  return tier;
}

/**
 * The same to look at what is there: nothing is removed because it is too old or too much.
 * @throws as {@link openDiskTier} does
 */
export function openDiskToLook(path: string): DiskTier {
  const resolved = resolveDiskTierOptions({ path });
  return new LmdbTier(resolved, openDatabase(resolved.path), systemClock, leaseTimes);
}

class LmdbTier implements DiskTier, PacedTier {
  readonly name = 'disk';
  readonly persistent = true;
  readonly givesAway = true;
  readonly directory: string;
  readonly reading?: TierReading;
  readonly #options: ResolvedDiskTierOptions;
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #transactions: Transactions;
  readonly #keys = new DiskKeys();
  readonly #entries: DiskEntries;
  readonly #limits: Limits;
  readonly #leases: DiskLeases;
  readonly #uses = new Uses();
  readonly #clears = new Turnstile();
  #writeUses: Timer | undefined;
  /** What goes on in the background. */
  readonly #background = new Set<Promise<unknown>>();
  #limitsAreNext = false;
  #damaged = 0;
  #failures = 0;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedDiskTierOptions, db: Database, clock: Clock, times: DiskLeaseTimes) {
    this.#options = options;
    this.directory = options.path;
    const module = readerFile('disk-reader');
    const data: DiskReading = { path: options.path, maxAge: options.maxAge };
    if (module !== undefined) this.reading = { module, data };
    this.#db = db;
    this.#clock = clock;
    const transactions = new Transactions(db, clock);
    this.#transactions = transactions;
    this.#entries = new DiskEntries(db, transactions, clock);
    this.#limits = new Limits(db, this.#entries, clock);
    const inBackground = (work: Promise<unknown>) => this.#inBackground(work);
    this.#leases = new DiskLeases(db, transactions, clock, times, inBackground);
  }

  async get(functionId: string, key: string): Promise<TierRecord | undefined> {
    return this.getNow(functionId, key);
  }

  getNow(functionId: string, key: string): TierRecord | undefined {
    return this.#read(this.#keys.key(functionId, key));
  }

  async see(functionId: string, key: string): Promise<TierRecord | undefined> {
    const diskKey = this.#keys.key(functionId, key);
    const record = this.#decode(diskKey);
    return record && !this.#isOver(record) ? record : undefined;
  }

  entry(functionId: string, key: string): EntryOnDisk | undefined {
    this.#checkOpen();
    return entryOf(this.#db, this.#keys.key(functionId, key), key);
  }

  entries(functionId: string): AsyncIterable<EntryOnDisk> {
    this.#checkOpen();
    return entriesOf(this.#db, this.#keys.function(functionId), functionId);
  }

  async lease(functionId: string, key: string, refresh = false): Promise<LeaseAnswer> {
    this.#checkOpen();
    const diskKey = this.#keys.key(functionId, key);
    const owner = this.#keys.function(functionId);
    return this.#leases.ask({
      name: diskKey.name,
      look: () => (refresh ? undefined : this.#read(diskKey)),
      put: async (token, record) => {
        const stored = await this.#entries.putUnder(token, owner, diskKey, record);
        if (stored) this.keepWithinLimits();
        return stored;
      },
    });
  }

  async set(functionId: string, key: string, record: TierRecord): Promise<void> {
    this.#checkOpen();
    const diskKey = this.#keys.key(functionId, key);
    await this.#entries.put(this.#keys.function(functionId), diskKey, record);
    this.keepWithinLimits();
  }

  async delete(functionId: string, key: string): Promise<void> {
    this.#checkOpen();
    const { name } = this.#keys.key(functionId, key);
    this.#uses.forget(name);
    await this.#entries.forget(name);
  }

  readAs(functionId: string): string {
    return functionId;
  }

  used(functionId: string, key: string, times: number): void {
    if (!this.#closing) this.#noteUse(this.#keys.key(functionId, key), times);
  }

  async discard(functionId: string, key: string): Promise<void> {
    this.#checkOpen();
    this.#damaged++;
    await this.#entries.removeDamaged(this.#keys.key(functionId, key).name);
  }

  async clear(functionId?: string): Promise<void> {
    this.#checkOpen();
    if (functionId === undefined) await this.#entries.forgetEverything();
    else await this.#clearFunction(functionId);
  }

  async clearPrefix(prefix: string): Promise<void> {
    this.#checkOpen();
    await this.#entries.forgetPrefix(prefix);
  }

  async versionsOf(functionId: string): Promise<readonly string[]> {
    this.#checkOpen();
    return this.#entries.versionsOf(functionId);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async stats(): Promise<DiskStats> {
    this.#checkOpen();
    await this.#flushUses().catch(() => this.#failures++);
    const functions = await functionsOf(this.#db);
    const all = Object.values(functions);
    return {
      entries: all.reduce((sum, each) => sum + each.entries, 0),
      bytes: all.reduce((sum, each) => sum + each.bytes, 0),
      size: usageOf(this.#db).size,
      fileSize: statSync(this.#db.file).size,
      damaged: this.#damaged,
      failures: this.#failures,
      functions,
    };
  }

  async prune(limits: DiskLimits = {}): Promise<Pruned> {
    const both = stricter(this.#options, resolveLimits(limits));
    this.#checkOpen();
    await this.#flushUses().catch(() => this.#failures++);
    const old = await this.#limits.removeOld(both.maxAge);
    return { entries: old + (await this.#limits.apply(both)) };
  }

  async verify(): Promise<Verified> {
    this.#checkOpen();
    const verified = await verify(this.#db, this.#entries);
    this.#damaged += verified.damaged;
    return verified;
  }

  #read(diskKey: DiskKey): TierRecord | undefined {
    const found = this.#decode(diskKey);
    if (!found) return undefined;
    const { storedAt, ...record } = found;
    if (this.#isOver(found)) {
      this.#inBackground(this.#entries.removeIf(diskKey.name, storedAt));
      return undefined;
    }
    this.#noteUse(diskKey);
    return record;
  }

  #decode(diskKey: DiskKey): DiskRecord | undefined {
    this.#checkOpen();
    const bytes = this.#entries.record(diskKey.name);
    if (!bytes) return undefined;
    const read = decodeRecord(diskKey.name, bytes, diskKey);
    if (read.state === 'damaged') this.#removeDamaged(diskKey);
    return read.state === 'sound' ? read.record : undefined;
  }

  #isOver({ expiresAt, storedAt }: DiskRecord): boolean {
    const date = this.#clock.date();
    return expiresAt <= date || storedAt + this.#options.maxAge <= date;
  }

  async #clearFunction(functionId: string): Promise<void> {
    const turn = this.#clears.pass();
    if (turn) await turn.then(() => this.#checkOpen());
    await this.#entries.forgetFunction(functionId, this.#keys.function(functionId));
  }

  async #close(): Promise<void> {
    this.#writeUses?.cancel();
    this.#limits.stop();
    await this.#leases.close().catch(() => this.#failures++);
    await Promise.all(this.#background);
    await this.#flushUses().catch(() => this.#failures++);
    await this.#transactions.settled();
    const closed = this.#db.close();
    if (!this.#transactions.isStuck) return closed;
    // It happens when the process that holds the lock goes on, or ends.
    closed.catch(() => {});
  }

  #checkOpen(): void {
    if (this.#closing) {
      throw new DiskAccessError(
        `the disk tier of ${this.#options.path} was closed, as a pool does with its tiers: ` +
          'open another one with diskTier()',
      );
    }
  }

  #removeDamaged({ name }: DiskKey): void {
    this.#damaged++;
    this.#inBackground(this.#entries.removeDamaged(name));
  }

  #noteUse({ name }: DiskKey, times = 1): void {
    if (this.#uses.note(name, times)) return this.#inBackground(this.#flushUses());
    this.#writeUses ??= this.#clock.after(WRITE_USES_AFTER, () =>
      this.#inBackground(this.#flushUses()),
    );
  }

  async #flushUses(): Promise<void> {
    this.#writeUses?.cancel();
    this.#writeUses = undefined;
    const uses = this.#uses.take();
    for (let at = 0; at < uses.length; at += STEP) {
      await this.#entries.touch(uses.slice(at, at + STEP));
    }
  }

  /** Once for all writes of a transaction: to ask how much there is costs more than a write. */
  keepWithinLimits(): void {
    if (this.#limitsAreNext) return;
    this.#limitsAreNext = true;
    this.#inBackground(Promise.resolve().then(() => this.#applyLimits()));
  }

  /** The order of use must be known before anything goes because of it. */
  async #applyLimits(): Promise<void> {
    this.#limitsAreNext = false;
    if (this.#closing || !this.#limits.due(this.#options)) return;
    await this.#flushUses();
    await this.#limits.enforce(this.#options);
  }

  #inBackground(work: Promise<unknown>): void {
    const counted = work.catch(() => this.#failures++);
    this.#background.add(counted);
    void counted.finally(() => this.#background.delete(counted));
  }
}
