#!/usr/bin/env node
/** The command `threadmemo`. */

import { CommanderError } from 'commander';
import { MemoError, OptionError } from '../errors.ts';
import { printable, withoutPasswords } from '../text/printable.ts';
import { Exit, Unusable } from './ended.ts';
import { wordsOf } from './error-words.ts';
import { program } from './program.ts';
import { tell } from './tell.ts';

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
    tell(withoutPasswords(isPlain ? printable(message) : stack));
    return Exit.unusable;
  }
}

// A user who does not read messages may still want the results.
process.stderr.on('error', () => {});
// The user's module may have opened what would keep the process alive for ever.
process.exit(await run());
