/**
 * The error for arguments that cannot cross: one text, whether they were to become a key or to
 * travel to another thread.
 */
import { KeyError } from '../errors.ts';
import { type Cycles, locate, shortened } from './locate.ts';
import type { Refusal } from './refusal.ts';

const sentWhole =
  'The key option chooses what tells calls apart; all arguments are sent to the thread that computes. ';
const ofTheThread =
  'What a function needs besides data, such as a connection, its module opens for each thread.';

/**
 * A `KeyError` that names the place below `root`, and says what would be right.
 *
 * @param hasKey whether a `key` option says what tells calls apart
 */
export function refusedArgument(
  value: unknown,
  root: string,
  refusal: Refusal,
  cycles: Cycles,
  hasKey = false,
): KeyError {
  const { path, reason } = locate(value, root, refusal, cycles);
  const advice =
    root === 'args'
      ? `Pass ${reason.instead} instead. ${hasKey ? sentWhole : ''}${ofTheThread}`
      : `Return ${reason.instead} from the key option instead.`;
  return new KeyError(`${shortened(path)} is ${reason.is}. ${advice}`, { path });
}
