/**
 * Records as Redis has them: how one is written, how long Redis keeps it, and what it is found to be.
 *
 * A record that is none is removed, and that is announced to no process.
 */

import type { Clock } from '../../clock.ts';
import { decodeRecord, encodeRecord, type RecordFormat } from '../record.ts';
import type { TierRecord } from '../tier.ts';
import type { RedisReply } from './connection.ts';
import type { RedisKey } from './names.ts';
import { FOUND, GENERATION_MORE, NOTHING, type RedisSend } from './scripts.ts';

/** What a reply has of a record, as far as it is one. */
type RedisFound =
  | { readonly state: 'sound'; readonly record: TierRecord }
  | { readonly state: 'expired' }
  | { readonly state: 'damaged' };

/** A record as a script takes it. */
interface RedisWritten {
  /** Of characters that are a byte each. */
  readonly head: string;
  readonly body: Buffer;
  /** Whole milliseconds for which Redis is to keep it. */
  readonly timeLeft: string;
}

interface RedisRecordsParts {
  readonly clock: Clock;
  readonly format: RecordFormat;
  /** Milliseconds. */
  readonly maxAge: number;
  readonly send: RedisSend;
}

export class RedisRecords {
  /** Those that were none, and were removed. */
  damaged = 0;
  readonly #clock: Clock;
  readonly #format: RecordFormat;
  readonly #maxAge: number;
  readonly #send: RedisSend;

  constructor({ clock, format, maxAge, send }: RedisRecordsParts) {
    this.#clock = clock;
    this.#format = format;
    this.#maxAge = maxAge;
    this.#send = send;
  }

  /** Milliseconds for which Redis keeps a key's generation: longer than any of its records. */
  get keep(): string {
    return String(this.#maxAge + GENERATION_MORE);
  }

  async written({ identity }: RedisKey, record: TierRecord): Promise<RedisWritten> {
    const { head, body } = await encodeRecord(identity, record, this.#format);
    const left = Math.floor(Math.min(record.expiresAt - this.#clock.date(), this.#maxAge));
    return { head: head.toString('latin1'), body, timeLeft: String(Math.max(left, 0)) };
  }

  /**
   * Undefined where the reply has none.
   * @param asked when, so that what is left is never more than it was in Redis
   */
  async found(names: RedisKey, reply: RedisReply, asked: number): Promise<RedisFound | undefined> {
    if (reply === NOTHING) return undefined;
    if (!isFound(reply)) {
      this.damaged++;
      return { state: 'damaged' };
    }
    const [, stored, left] = reply;
    const record = await decodeRecord(names.identity, stored, this.#format);
    // None of our writers leaves out when a record ends.
    if (!record || left < 0) {
      await this.remove(names);
      return { state: 'damaged' };
    }
    const { isOwn, ...rest } = record;
    const isForever = rest.expiresAt === Number.POSITIVE_INFINITY;
    const expiresAt = isOwn || isForever ? rest.expiresAt : asked + left;
    if (expiresAt <= this.#clock.date()) return { state: 'expired' };
    return { state: 'sound', record: { ...rest, expiresAt } };
  }

  async remove({ record }: RedisKey): Promise<void> {
    this.damaged++;
    await this.#send(['UNLINK', record], record);
  }
}

/** What is foreign was removed, and is not told. */
function isFound(reply: RedisReply): reply is [number, Buffer, number] {
  return Array.isArray(reply) && reply[0] === FOUND;
}
