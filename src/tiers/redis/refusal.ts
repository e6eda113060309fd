/** How to tell what Redis itself has refused from what happens to a connection. */

/** Redis begins with a word in capitals; what a script was refused is within, before Redis 7. */
export function refusalOf(error: unknown): string | undefined {
  const { message = '' } = error instanceof Error ? error : {};
  const [, word] =
    /^ERR .*?: -([A-Z]{2,}) /.exec(message) ?? /^([A-Z]{2,}[A-Z\d]*) /.exec(message) ?? [];
  // That is answered by sending the script.
  return word === 'NOSCRIPT' ? undefined : word;
}
