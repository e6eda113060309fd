/**
 * Whether a function needs an object to be called on, as far as its source tells.
 *
 * `this` is undefined in a memoized function: an object with methods cannot cross to another thread.
 * Most functions that read it fail by themselves, but `this?.rate` does not, and code that is not
 * strict reads a global variable. A function that looks as if it needs an object is refused when it
 * is called on one, so a wrong guess must fall on the side of no: what is inside of nested functions
 * and classes has a `this` of its own, and where there are any, nothing is concluded. Compiled code hands
 * `this` on as a mere argument (`__awaiter(this, ...)`), which does not count either.
 */

const USE = /\bthis\s*(?:\??\.\s*[\w$#[]|\[)|[^=!<>]=\s*this\b(?!\s*[=!]==?)/;
/** The one has the `this` of its module, the other of what it makes. */
const ARROW_OR_CLASS = /^(?:class\b|(?:async\b\s*)?(?:\(|[\w$]+\s*=>))/;
const QUOTED = /\/\*[\s\S]*?\*\/|\/\/.*|(["'`])(?:\\[\s\S]|(?!\1)[^\\])*\1/g;
const CONTROL = new Set(['if', 'for', 'while', 'switch', 'catch', 'with', 'await']);

export function usesThis(fn: (...args: never) => unknown): boolean {
  const source = Function.prototype.toString.call(fn);
  if (!source.includes('this') || ARROW_OR_CLASS.test(source)) return false;
  const code = source.replace(QUOTED, substitutions);
  // A quote that is left over was one in a regular expression: what was cut out is unknown.
  if (/["'`]/.test(code)) return false;
  const inside = code.slice(code.indexOf('(') + 1);
  return USE.test(inside) && !hasFunctionsInside(inside);
}

/** Of a quoted text or a comment, the code in it. */
function substitutions(quoted: string): string {
  if (!quoted.startsWith('`')) return ' ';
  return [...quoted.matchAll(/\$\{([\s\S]*?)\}/g)].map(([, code]) => `(${code})`).join(' ');
}

function hasFunctionsInside(code: string): boolean {
  if (/\b(?:function|class|static)\b/.test(code)) return true;
  return [...code.matchAll(/\)\s*\{/g)].some(({ index }) => {
    const head = code.slice(0, startOfList(code, index));
    // The function's own parameters have no beginning here.
    return head !== '' && !CONTROL.has(/([\w$]*)\s*$/.exec(head.slice(0, -1))?.[1] ?? '');
  });
}

/** After the opening bracket of the list that is closed there; 0 when it is not in the code. */
function startOfList(code: string, end: number): number {
  let depth = 0;
  for (let at = end; at >= 0; at--) {
    if (code[at] === ')') depth++;
    else if (code[at] === '(' && --depth === 0) return at + 1;
  }
  return 0;
}
