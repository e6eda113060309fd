/**
 * Structured clone to bytes and back, through V8's own serializer.
 *
 * What differs from `v8.serialize`: a typed array, DataView or Buffer is written as its class and
 * the bytes that it shows, not the memory behind it (a small Buffer would drag an 8 KiB pool along);
 * and it is read into memory of its own, of exactly its length. `v8.deserialize` returns views of
 * the message, so that a caller who changes one would change the cached bytes. Two views of one
 * memory therefore come back as two separate ones.
 */
import { Deserializer, Serializer } from 'node:v8';
import { makeView, viewClassName } from './builtins.ts';
import { Refusal } from './refusal.ts';

/**
 * The bytes of a value that `examine.ts` has checked, in an ArrayBuffer that belongs to them alone.
 *
 * @throws {Refusal} when the value is not what it seemed to be
 * @throws what a getter in the value throws
 */
export function cloneToBytes(value: unknown): Uint8Array {
  const writer = new Writer();
  writer.writeHeader();
  writer.writeValue(value);
  const { buffer, byteOffset, byteLength } = writer.releaseBuffer();
  // A plain Uint8Array, which is what a Buffer becomes on its way to another thread.
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** A fresh value that shares no memory with the bytes, which may lie anywhere, shared memory included. */
export function cloneFromBytes(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  reader.readHeader();
  return reader.readValue();
}

const changing = {
  is: 'not the same each time it is read, and cannot cross to another thread',
  instead: 'plain data',
};

const hosted = {
  is: 'an object of the runtime, which cannot cross to another thread beside a Map or the like',
  instead: 'a copy: { ...process.env }',
};

class Writer extends Serializer {
  declare readonly _setTreatArrayBufferViewsAsHostObjects: (treat: boolean) => void;

  constructor() {
    super();
    this._setTreatArrayBufferViewsAsHostObjects(true);
  }

  /** Called by V8 for every view. */
  _writeHostObject(view: ArrayBufferView): void {
    // The environment, beside something that needs structured clone.
    if (!ArrayBuffer.isView(view)) throw new Refusal(hosted);
    const className = viewClassName(Object.getPrototypeOf(view)) ?? 'Uint8Array';
    const name = Buffer.from(className, 'latin1');
    this.writeUint32(name.byteLength);
    this.writeRawBytes(name);
    this.writeUint64(Math.floor(view.byteLength / 2 ** 32), view.byteLength % 2 ** 32);
    this.writeRawBytes(bytesOf(view));
  }

  /** Called by V8 for what the check before it should have refused: it has changed since then. */
  _getDataCloneError(): Error {
    return new Refusal(changing);
  }
}

class Reader extends Deserializer {
  /** Called by V8 for every view. */
  _readHostObject(): ArrayBufferView {
    const className = this.readRawBytes(this.readUint32()).toString('latin1');
    const [high, low] = this.readUint64();
    const length = high * 2 ** 32 + low;
    const memory = new ArrayBuffer(length);
    new Uint8Array(memory).set(this.readRawBytes(length));
    return makeView(className, memory);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
