/** Which code has made a record that the present code does not find, and which of its files have changed since? */

import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../code-version/bundle.ts';
import {
  type CodeChanges,
  CodeNotes,
  changesBetween,
  codeNoteOf,
} from '../code-version/code-notes.ts';
import { activeConditions } from '../code-version/conditions.ts';
import type { FunctionInfo } from '../protocol.ts';
import { endOfName } from '../tiers/sight.ts';

/** Code of a function that is not the present one. */
export interface OtherCode {
  /** What stands behind the function's id: its `version`, or the fingerprint of its code; and the present one. */
  readonly version: string;
  readonly present: string;
  /** When it has stored the record, in milliseconds since 1970. */
  readonly storedAt: number;
  /** Paths from the current folder. Unknown where a function has a `version`, or nothing is remembered. */
  readonly changes?: CodeChanges;
}

export interface Versions {
  /** Ids of the function in the tier: with the present code, and with the other. */
  readonly id: string;
  readonly version: string;
  readonly storedAt: number;
}

export async function codeChanges(
  info: Pick<FunctionInfo, 'module' | 'versioned'>,
  cache: string,
  { id, version, storedAt }: Versions,
): Promise<OtherCode> {
  const code = { version: versionIn(version), present: versionIn(id), storedAt };
  const before = info.versioned
    ? undefined
    : new CodeNotes(join(cache, 'fingerprints')).of(code.version);
  if (!before) return code;
  const entry = fileURLToPath(info.module);
  const conditions = activeConditions();
  const now = codeNoteOf(await bundle(entry, conditions), conditions);
  const { changed, added, removed, ...others } = changesBetween(before, now);
  const fromHere = (file: string) => relative(process.cwd(), resolve(dirname(entry), file));
  const [a, b, c] = [changed, added, removed].map((files) => files.map(fromHere));
  return { ...code, changes: { changed: a ?? [], added: b ?? [], removed: c ?? [], ...others } };
}

function versionIn(id: string): string {
  return id.slice(endOfName(id) + 1);
}
