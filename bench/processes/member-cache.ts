/** What must a contestant offer in each process of a fleet? Cached functions, over a Redis. */
import type { Opened } from '../contestants/contestant.ts';

export interface MemberSetup {
  /** Of the Redis that the processes share. */
  readonly port: number;
  readonly functions: URL;
}

/** The module of a contestant exports it as `openCache`. */
export type OpenCache = (setup: MemberSetup) => Promise<MemberCache>;

export interface MemberCache extends Pick<Opened, 'call' | 'close'> {
  /** How often the tier was of use so far, where there is one that can say so. */
  readonly uses?: () => number;
}

/** Worker threads of a process. */
export const threadsEach = 1;
