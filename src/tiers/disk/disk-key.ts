/**
 * The name of a record in the database: eight bytes that all records of a function share, so that
 * they stand together, and then the key itself.
 *
 * lmdb takes no key beyond 1,978 bytes. A longer one is replaced by its SHA-256, and the record
 * carries it whole; as every record carries its whole function id. What is read is compared with
 * both: a hash finds, and never decides.
 */

import { createHash } from 'node:crypto';
import { isLatin1, latin1Bytes, utf16Bytes } from '../../values/text.ts';

/** Bytes of a key that stand in the name itself; keys are made 128 characters at most. */
const LONGEST = 512;
/** Bytes that the records of one function begin with. */
export const PREFIX_BYTES = 8;

const LATIN1 = 0;
const UTF16 = 1;
/** The key begins with the function id, as keys do, and that is left out. */
const WITHOUT_ID = 2;
const DIGEST = 4;

export interface DiskKey {
  /** The record's name. */
  readonly name: Buffer;
  /** What the record must carry to be the one that is meant. */
  readonly identity: Buffer;
}

export interface DiskFunction {
  readonly prefix: Buffer;
  /** Its id, as bytes that no other id has. */
  readonly identity: Buffer;
}

export class DiskKeys {
  readonly #functions = new Map<string, DiskFunction>();

  function(functionId: string): DiskFunction {
    let known = this.#functions.get(functionId);
    if (!known) {
      const identity = tagged(functionId);
      const prefix = createHash('sha256').update(identity).digest().subarray(0, PREFIX_BYTES);
      known = { prefix, identity };
      this.#functions.set(functionId, known);
    }
    return known;
  }

  key(functionId: string, key: string): DiskKey {
    const { prefix, identity } = this.function(functionId);
    const without = key.startsWith(functionId) ? WITHOUT_ID : 0;
    const text = without ? key.slice(functionId.length) : key;
    const wide = isLatin1(text) ? LATIN1 : UTF16;
    const size = wide ? text.length * 2 : text.length;
    if (size > LONGEST) return digested(prefix, identity, tagged(key));
    const name = Buffer.allocUnsafe(PREFIX_BYTES + 1 + size);
    prefix.copy(name);
    name[PREFIX_BYTES] = wide | without;
    name.write(text, PREFIX_BYTES + 1, wide ? 'utf16le' : 'latin1');
    return { name, identity };
  }
}

/** The key in a record's name, for people to read; `undefined` where only its digest is there. */
export function keyIn(name: Buffer, functionId: string): string | undefined {
  const how = name[PREFIX_BYTES] as number;
  if (how === DIGEST) return undefined;
  const text = name.toString(how & UTF16 ? 'utf16le' : 'latin1', PREFIX_BYTES + 1);
  return how & WITHOUT_ID ? functionId + text : text;
}

/** The text back, for people to read. */
export function functionIdOf(identity: Uint8Array): string {
  const text = Buffer.from(identity.buffer, identity.byteOffset + 1, identity.length - 1);
  return text.toString(identity[0] === UTF16 ? 'utf16le' : 'latin1');
}

function digested(prefix: Buffer, owner: Buffer, key: Buffer): DiskKey {
  const digest = createHash('sha256').update(key).digest();
  return {
    name: Buffer.concat([prefix, Buffer.of(DIGEST), digest]),
    identity: Buffer.concat([owner, key]),
  };
}

function tagged(text: string): Buffer {
  return isLatin1(text)
    ? Buffer.concat([Buffer.of(LATIN1), latin1Bytes(text)])
    : Buffer.concat([Buffer.of(UTF16), utf16Bytes(text)]);
}
