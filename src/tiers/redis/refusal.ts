/** How to tell what Redis itself has refused from what happens to a connection. */

/** Redis begins with a word in capitals; what a script was refused is within, before Redis 7. */
export function refusalOf(error: unknown): string | undefined {
  const { message = '' } = error instanceof Error ? error : {};
  const [, word] =
    /^ERR .*?: -([A-Z]{2,}) /.exec(message) ?? /^([A-Z]{2,}[A-Z\d]*) /.exec(message) ?? [];
  return word === undefined || ANSWERED.has(word) ? undefined : word;
}

/** That is answered by sending the script, and by sending its steps slot by slot. */
const ANSWERED: ReadonlySet<string> = new Set(['NOSCRIPT', 'CROSSSLOT']);
