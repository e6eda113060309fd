/**
 * What a user should know about functions whose results several programs may find: one warning about
 * functions that two services could take for the same, and one about those that no two machines will.
 */

import { isAbsolute } from 'node:path';
import type { FunctionInfo } from '../protocol.ts';
import type { Warnings } from '../text/warnings.ts';
import type { Tier } from './tier.ts';

/** @returns to be called with each function that is kept in these tiers */
export function sharingWarnings(
  persistent: readonly Tier[],
  namespace: string,
  warnings: Warnings,
): (info: FunctionInfo) => void {
  // A directory is one service's own, as a rule.
  const shared = persistent.find(({ directory }) => directory === undefined);
  const said = { version: namespace !== '' || shared === undefined, name: false };
  return ({ id, versioned }) => {
    if (versioned && !said.version) {
      said.version = true;
      warnings.warn(
        'namespace',
        `${id} has a version, and its code is not looked at: another service with a package of the same ` +
          `name that uses the tier '${shared?.name}' would get its results. Give each service a ` +
          "namespace: createPool({ namespace: 'shop' })",
      );
    }
    if (isAbsolute(id) && !said.name) {
      said.name = true;
      warnings.warn(
        'package name',
        `${id} is known by its absolute path, because no package.json above it has a name: on another ` +
          `machine, or in another folder, its results in the tier '${persistent[0]?.name}' are not ` +
          'found. Give the package.json a name',
      );
    }
  };
}
