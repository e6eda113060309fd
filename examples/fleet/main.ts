/**
 * Run this with `npm run fleet`: three processes of an HTTP service share one Redis, and each tile
 * that is asked for is drawn once by one of them. Then one is killed, and then Redis stands still.
 * The service is in service.ts, and what it computes in tile.ts.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runExample } from '../command-line.ts';
import { Fleet, installation, startRedis } from './fleet.ts';
import { calm, type Setting, withKill, withOutage } from './phases.ts';
import { findFaults, printIntroduction, printPhase, printTable, printVerdict } from './report.ts';

const processes = 3;

const help = `npm run fleet -- [options]

Starts a service of three processes over one Redis, visits it, kills one of the
processes, has Redis stand still for five seconds, and says what became of it.
Needs redis-server, which it starts itself, on a free port.

  --quick   shorter, and Redis stands still for two seconds
  --help    this text

Exit code 1: a request was not answered, an answer was wrong, or a tile was
computed twice while Redis was there. Exit code 2: an option was not understood,
or there is no redis-server.
`;

await runExample(readOptions, help, async ({ quick }) => {
  const times = quick ? { phaseMs: 2000, outageMs: 2000 } : { phaseMs: 6000, outageMs: 5000 };
  const redis = await startRedis();
  if (!redis) {
    console.error(installation);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'threadmemo-fleet-'));
  const journal = join(folder, 'journal');
  writeFileSync(journal, '');
  // By default no process would be told, and Redis would be left behind.
  process.once('SIGINT', () => process.exit(130));
  try {
    printIntroduction(processes, redis.url);
    const fleet = await Fleet.start(processes, redis.url, journal);
    return await visitAll({ fleet, redis, journal, ...times }).finally(() => fleet.end());
  } finally {
    await redis.end();
    rmSync(folder, { recursive: true });
  }
});

async function visitAll(setting: Setting): Promise<number> {
  printPhase('all is well');
  const well = await calm(setting);
  printPhase('one of the processes is killed in the middle of a computation');
  const killed = await withKill(setting);
  printPhase(`Redis stands still for ${setting.outageMs / 1000} seconds`);
  const stopped = await withOutage(setting);
  printTable({ well, killed, stopped });
  const faults = findFaults({ well, killed, stopped });
  for (const fault of faults) console.error(`\nFAILED: ${fault}`);
  if (faults.length === 0) printVerdict({ well, killed, stopped }, setting.outageMs);
  return faults.length === 0 ? 0 : 1;
}

/** Throws an `Error` for people to read when an option is unknown. */
function readOptions(args: string[]) {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ args, options: { quick: flag, help: { ...flag, short: 'h' } } });
  return values;
}
