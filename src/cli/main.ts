#!/usr/bin/env node
/** The command `threadmemo`. */

import { CommanderError } from 'commander';
import { MemoError, OptionError } from '../errors.ts';
import { Exit, Unusable } from './ended.ts';
import { wordsOf } from './error-words.ts';
import { program } from './program.ts';

/** The exit code. */
async function run(): Promise<number> {
  let code: number = Exit.done;
  try {
    await program((ended) => {
      code = ended;
    }).parseAsync();
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.done : Exit.unusable;
    const isPlain = [Unusable, MemoError, OptionError].some((each) => error instanceof each);
    const { message, stack = message } = wordsOf(error);
    process.stderr.write(`threadmemo: ${isPlain ? message : stack}\n`);
    return Exit.unusable;
  }
}

// Who does not read what is said may still want the results.
process.stderr.on('error', () => {});
// The user's module may have opened what would keep the process alive for ever.
process.exit(await run());
