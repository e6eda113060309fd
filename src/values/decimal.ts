/** A whole number in decimal digits, as `String(bigint)` writes it. */

/** Digits of the largest bigint that V8 makes; a few more would do. */
const MOST_DIGITS = 300_000_000;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** Whether there is one between two places in memory, with so many bytes a character. */
export function isDecimal(memory: Uint8Array, start: number, end: number, width: 1 | 2): boolean {
  const digitsAt = memory[start] === MINUS ? start + width : start;
  const digits = (end - digitsAt) / width;
  if (digits < 1 || digits > MOST_DIGITS) return false;
  for (let at = start; at < end; at += width) {
    if (width === 2 && memory[at + 1] !== 0) return false;
    const character = memory[at] as number;
    if (at >= digitsAt && (character < ZERO || character > NINE)) return false;
  }
  return true;
}
