/** How the command ends: its exit codes, and the failure that says what a person can do about it. */

export const Exit = {
  done: 0,
  /** A line has failed; or `verify` has found damage. */
  failed: 1,
  /** Nothing could be done, or not to its end: wrong usage, module, cache, input or output. */
  unusable: 2,
  /** As shells say it of programs that end by these signals. */
  interrupted: { SIGINT: 130, SIGTERM: 143 },
  /** The reader of the results has gone. */
  unread: 141,
} as const;

/** The command cannot do what it was asked to. The message is all that is shown. */
export class Unusable extends Error {}
