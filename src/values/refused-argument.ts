/**
 * The error for arguments that cannot cross: one text, whether they were to become a key or to
 * travel to another thread.
 */
import { KeyError } from '../errors.ts';
import { locate, shortened } from './locate.ts';
import type { Refusal } from './refusal.ts';

/** A `KeyError` that names the place below `root`, and says what would be right. */
export function refusedArgument(value: unknown, root: string, refusal: Refusal): KeyError {
  const { path, reason } = locate(value, root, refusal);
  const advice =
    root === 'args'
      ? `Pass ${reason.instead} instead, or choose what matters with the key option.`
      : `Return ${reason.instead} from the key option instead.`;
  return new KeyError(`${shortened(path)} is ${reason.is}. ${advice}`, { path });
}
