/** One float64 out of bytes: a DataView takes longer to make than a small value to read. */

const bytes = new Uint8Array(8);
const view = new DataView(bytes.buffer);

/** The little-endian float64 that starts at this place, which need not be aligned. */
export function float64At(memory: Uint8Array, start: number): number {
  for (let i = 0; i < 8; i++) bytes[i] = memory[start + i] as number;
  return view.getFloat64(0, true);
}
