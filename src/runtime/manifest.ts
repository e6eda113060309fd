/** A package.json as Node reads it: with or without a byte order mark. */

import { readFileSync } from 'node:fs';

const BYTE_ORDER_MARK = '\uFEFF';

/** What is in it, whatever that may be. @throws {Error} that names the file */
export function readManifest(file: string): Readonly<Record<string, unknown>> {
  const text = readFileSync(file, 'utf8');
  try {
    const found: unknown = JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
    return typeof found === 'object' && found !== null ? { ...found } : {};
  } catch (cause) {
    const { message } = cause as SyntaxError;
    throw new Error(`${file} is no valid JSON: ${message}`, { cause });
  }
}
