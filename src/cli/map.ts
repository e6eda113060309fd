/** `threadmemo map`: opens what a run needs, and closes it again, however it ends. */

import type { Memoized } from '../api/memoize.ts';
import { createPool } from '../index.ts';
import { bytes, type Size } from '../options.ts';
import { Unusable } from './ended.ts';
import { fileId, isSame } from './file-id.ts';
import { findFunction } from './find-function.ts';
import { type Input, openInput } from './input.ts';
import { Mapping, type MappingOptions, type MappingPool } from './mapping.ts';
import { type OutFile, openOutFile } from './out-file.ts';
import { keepStdoutForResults, STDOUT } from './print.ts';
import { openTiers, type TierOptions } from './tiers.ts';

export interface MapCommand extends TierOptions, MappingOptions {
  readonly out?: string;
  readonly threads?: number;
  /** What all threads share. */
  readonly memory?: Size;
  readonly namespace?: string;
}

/** The command promises to need little memory in all. */
const MEMORY: Size = '32mb';

/** @returns the exit code @throws {Unusable} {@link MemoError} */
export async function map(target: string, file: string, command: MapCommand): Promise<number> {
  keepStdoutForResults();
  // Before the standard input: once Node 20 has opened that, it resolves packages that are links
  // to where the links are, and not to where they point.
  const fn = await findFunction(target);
  using input = openInput(file);
  using out = openOut(command, input);
  await using pool = await openPool(command, fn);
  return await new Mapping(fn, input, pool, out, command).run();
}

function openOut({ out }: MapCommand, input: Input): OutFile | undefined {
  if (out !== undefined) return openOutFile(out, input.id);
  // It would read what it writes, for ever.
  if (isSame(fileId(STDOUT), input.id)) {
    throw new Unusable('cannot write to the standard output: it is the input');
  }
  return undefined;
}

/** Longer than what a tier may take by itself: no single result is waited for. */
const TIER_TIMEOUT = '30s';

async function openPool(command: MapCommand, fn: Memoized): Promise<MappingPool> {
  const { threads, memory = MEMORY, namespace } = command;
  const watched = await openTiers(command, fn);
  const tiers = watched.map(({ tier }) => tier);
  try {
    const maxSize = bytes('--memory', memory);
    // One large result is worth more than many small ones, which are cheap to compute again.
    const maxEntrySize = Math.floor(maxSize / 4);
    const pool = await createPool({
      maxSize,
      maxEntrySize,
      ...(threads !== undefined && { threads }),
      tiers,
      tierTimeout: TIER_TIMEOUT,
      ...(namespace !== undefined && { namespace }),
    });
    return { pool, watched, [Symbol.asyncDispose]: () => pool.close() };
  } catch (cause) {
    await Promise.all(tiers.map((tier) => tier.close()));
    throw cause;
  }
}
