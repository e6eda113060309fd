/** What routes are called, which is theirs alone in the process, whichever copy of this package makes them. */

import { OptionError } from '../errors.ts';
import { shown } from '../text/shown.ts';

const ROUTES = Symbol.for('threadmemo:routes:1');
const realm = globalThis as { [ROUTES]?: { names: Set<string>; made: number } };

/** @throws {OptionError} for one that is taken */
export function nameOfRoute(given: string | undefined): string {
  realm[ROUTES] ??= { names: new Set(), made: 0 };
  const routes = realm[ROUTES];
  const name = given ?? `route-${++routes.made}`;
  if (routes.names.has(name)) {
    throw new OptionError(
      `name is ${shown(name)}; it must be one that no other cached route of this process has: make the ` +
        'route once, at the top level of a module',
    );
  }
  routes.names.add(name);
  return name;
}
