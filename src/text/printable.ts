/**
 * Text that comes from elsewhere (an input line, a function id in a cache, a server's message, a file
 * name), made fit for a terminal, a log line or a warning.
 *
 * What a terminal takes for a command is written as an escape: control characters, C1 included, which
 * some terminals obey in UTF-8 too; and so is what makes a line look like another one: line ends,
 * marks that change the direction of writing, invisible characters, halves of surrogate pairs. The
 * escapes are those of JSON, so that JSON text stays what it is.
 */

// Without the two joiners, which emoji, Persian and many scripts of India need.
const UNPRINTABLE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** On one line. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (found) => SHORT[found] ?? escaped(found));
}

/** The same for text of several lines, such as a stack: line ends and tabs stay. */
export function printableLines(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(UNPRINTABLE, (found) => (found === '\n' || found === '\t' ? found : escaped(found)));
}

/** Each code unit as JSON has it. */
function escaped(character: string): string {
  let text = '';
  for (let at = 0; at < character.length; at++) {
    text += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }
  return text;
}

/**
 * Credentials in the URLs of a text as `...`, because texts end up in logs. The lengths are limited so
 * that a long text takes no time.
 */
export function withoutPasswords(text: string): string {
  return (
    text
      .replace(/\b([a-z][\w+.-]{0,30}:\/*)[^\s'"`<>]{0,1000}@/gi, '$1...@')
      // A server that does not know a command may quote it, and what it was given.
      .replace(/(\bargs beginning with:)[\s\S]*/i, '$1 ...')
      .replace(/(\bAUTH\b['"`]?,?\s+)['"`$][\s\S]*/, '$1...')
      .replace(/([?&;](?:password|passwd|pwd|pass|secret|token|auth)=)[^&;\s'"`<>]*/gi, '$1...')
  );
}
