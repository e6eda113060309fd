/** What the command line may say. */

import { parseArgs } from 'node:util';

export const help = `npm run fleet -- [options]

Starts a service of three processes over one Redis, visits it, kills one of the
processes, has Redis stand still for five seconds, and says what became of it.
Needs redis-server, which it starts itself, on a free port.

  --quick   shorter, and Redis stands still for two seconds
  --help    this text

Exit code 1: a request was not answered, an answer was wrong, or a tile was
computed twice while Redis was there. Exit code 2: an option was not understood,
or there is no redis-server.
`;

/** Throws an `Error` for people to read when an option is unknown. */
export function readOptions(args: string[]) {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ args, options: { quick: flag, help: { ...flag, short: 'h' } } });
  return values;
}
