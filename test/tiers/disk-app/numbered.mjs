/** Records that certify themselves: all of their bytes follow from their number. */

export const fn = 'app#f';

export function keyOf(n) {
  return `${fn}(${n})`;
}

export function numbered(n) {
  const size = (n % 7 === 0 ? 9000 : 300) + (n % 50);
  const bytes = Uint8Array.from({ length: size }, (_, at) => n * 31 + at);
  return { value: { codec: 9, bytes }, expiresAt: Number.POSITIVE_INFINITY, ms: n };
}

/** Which of these numbers there is no record of, and which have another one than they should. */
export async function compare(tier, numbers) {
  const found = { missing: [], wrong: [] };
  for (const n of numbers) {
    const record = await tier.get(fn, keyOf(n));
    if (!record) found.missing.push(n);
    else if (!Buffer.from(numbered(n).value.bytes).equals(record.value.bytes)) found.wrong.push(n);
  }
  return found;
}
