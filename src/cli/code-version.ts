/** Which code does the function have, as its records are named? Without that there is nothing to store or to find. */

import { join } from 'node:path';
import { Fingerprints } from '../code-version/fingerprint.ts';
import type { FunctionInfo } from '../protocol.ts';
import { performance } from '../runtime/globals.ts';
import { nameOf } from '../tiers/function-versions.ts';
import { Unusable } from './ended.ts';
import { messageOf } from './error-words.ts';

/**
 * @param home the directory of a cache, which remembers versions
 * @param option that needs it
 * @throws {Unusable} when it cannot be determined: in a service that is a warning, and nothing is stored
 */
export async function codeVersionOf(
  info: FunctionInfo,
  home: string | undefined,
  option: string,
): Promise<string> {
  const directory = home && join(home, 'fingerprints');
  const fingerprints = new Fingerprints({ directory, startedAt: performance.timeOrigin });
  try {
    return await fingerprints.of(info.module, nameOf(info));
  } catch (cause) {
    throw new Unusable(`${option} cannot be used: ${messageOf(cause)}`);
  }
}
