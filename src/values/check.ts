/**
 * Whether bytes from outside of this process are an encoded value: whether `decode()` takes them, and
 * with time and memory in proportion to how many they are. Found out in steps, because a large value
 * may take longer than an event loop should be blocked.
 */
import { constants } from 'node:buffer';
import { Codec, type Encoded } from '../protocol.ts';
import { CloneCheck } from './clone-check.ts';
import { isDecimal } from './decimal.ts';
import { PlainCheck } from './plain-check.ts';

/** What takes more than one step. */
interface LongCheck {
  /** Looks at so many values, about. @returns `undefined` if there are more */
  step(values: number): boolean | undefined;
}

export class ValueCheck {
  readonly #known: boolean | undefined;
  readonly #long: LongCheck | undefined;

  constructor(encoded: Encoded) {
    const check = checkOf(encoded);
    if (typeof check === 'boolean') this.#known = check;
    else this.#long = check;
  }

  /** @returns whether it is a value; `undefined` if there is more to look at */
  step(values: number): boolean | undefined {
    return this.#known ?? this.#long?.step(values);
  }
}

function checkOf({ codec, bytes }: Encoded): boolean | LongCheck {
  const { length } = bytes;
  switch (codec) {
    case Codec.undefined:
    case Codec.null:
    case Codec.false:
    case Codec.true:
      return length === 0;
    case Codec.number:
      return length === 8;
    case Codec.bigint:
      return isDecimal(bytes, 0, length, 1);
    case Codec.latin1:
      return length <= constants.MAX_STRING_LENGTH;
    case Codec.utf16:
      return length % 2 === 0 && length / 2 <= constants.MAX_STRING_LENGTH;
    case Codec.buffer:
    case Codec.uint8array:
      return true;
    case Codec.clone:
      return new CloneCheck(bytes, false);
    case Codec.repaired:
      return new CloneCheck(bytes, true);
    case Codec.plain:
      return new PlainCheck(bytes);
    case Codec.thrown:
      // An error that was thrown is no value: no tier is given one.
      return false;
    default:
      codec satisfies never;
      return false;
  }
}
