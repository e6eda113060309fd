/**
 * What of a bundle one memoized function can reach: the bundle with nothing else exported, without the
 * statements that it needs for nothing. What has an effect when the module is loaded stays. That
 * `memoize()` only defines a function is known, so the functions beside it go.
 *
 * The text is read line by line. esbuild prints every statement of the top level at the beginning of a
 * line, and nothing else there but its end, as long as no template literal has lines of its own. So
 * they are lowered ({@link READABLE}).
 *
 * Invariant: a part is only given for a function whose statement is known for sure, by its name in the
 * entry's own module. For all others the whole bundle counts, which can only be a miss too many.
 */

import type { BuildOptions } from 'esbuild';

/** How the bundle is to be printed. */
export const READABLE = {
  supported: { 'template-literal': false },
  // `fn.name` can be seen by the program, and by us: names are calls then, which tell which is which.
  keepNames: true,
} as const satisfies BuildOptions;

/** By the name that a function has in its id. */
export type Parts = ReadonlyMap<string, string>;

/** More functions in one module share its fingerprint: each part costs a run of the bundler. */
const MOST_PARTS = 64;

const IMPORT = /^import (?:\{ (.*) \} from )?"threadmemo";\n/gm;
const NAMING =
  /^var __defProp = Object\.defineProperty;\nvar __name = \(target, value\) => __defProp\(target, "name", \{ value, configurable: true \}\);\n/m;
const EXPORTS = /^export \{[^}]*\};\n/m;
/**
 * A definition: a line that begins at the margin, and those up to the next that does, but for brackets
 * that are closed. What stands in the parentheses behind the URL may be in lines of its own, then indented.
 */
const DEFINITION =
  /^(?:var|let|const) ([\w$]+) = ([\w$]+)\((\n {2})?import\.meta\.url,\s+([\s\S]*?)\n?\);\n(?=[^\s})\]]|(?![\s\S]))/gm;

/** One in lines of its own: esbuild keeps those between arguments. */
const COMMENT = /^\s*(?:\/\/.*|\/\*(?! @__PURE__)(?:(?!\*\/)[\s\S])*\*\/)\n/gm;

type Esbuild = Pick<typeof import('esbuild'), 'build'>;

/**
 * @param text of esbuild, printed as {@link READABLE} says
 * @param entry the place of the module, as esbuild writes it above what comes from it
 */
export async function partsOf(esbuild: Esbuild, text: string, entry: string): Promise<Parts> {
  const memoize = [...text.matchAll(IMPORT)].flatMap(([, names = '']) => localNames(names));
  const found = definitions(text, entry, new Set(memoize));
  if (found.size === 0 || found.size > MOST_PARTS) return new Map();
  const imports = [...text.matchAll(IMPORT)].map(([line]) => line);
  const rest = text.replace(IMPORT, '').replace(NAMING, '').replace(EXPORTS, '');
  const partOf = async ([name, variable]: [string, string]) => {
    const { outputFiles } = await esbuild.build({
      ...SHAKEN,
      stdin: { contents: `${rest}\nexport { ${variable} };\n`, loader: 'js' },
      pure: [...memoize, '__name'],
    });
    // With what was taken out, so that two texts that differ in it do not become one.
    return [name, imports.join('') + outputFiles.map(({ text }) => text).join('')] as const;
  };
  const parts = await Promise.allSettled([...found].map(partOf));
  return new Map(parts.flatMap((part) => (part.status === 'fulfilled' ? [part.value] : [])));
}

const SHAKEN = {
  bundle: true,
  write: false,
  external: ['*'],
  platform: 'node',
  format: 'esm',
  target: 'esnext',
  treeShaking: true,
  // To read a property may do anything, a bundler thinks. No program has this text of its own.
  define: { 'import.meta.url': '"the URL of the module, as threadmemo sees it"' },
  charset: 'utf8',
  logLevel: 'silent',
} as const satisfies BuildOptions;

/** What `memoize` is called here: `a, memoize as memoize2` */
function localNames(names: string): readonly string[] {
  return names.split(', ').flatMap((each) => {
    const [name, local = name] = each.split(' as ');
    return name === 'memoize' && local !== undefined ? [local] : [];
  });
}

/** The variables of the module's memoized functions, by the functions' names; those that are known. */
function definitions(
  text: string,
  entry: string,
  memoize: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const twice = new Set<string>();
  for (const match of ownText(text, entry).matchAll(DEFINITION)) {
    const [, variable = '', callee = '', isIndented, given = ''] = match;
    if (!memoize.has(callee)) continue;
    const name = nameIn(isIndented ? given.replaceAll('\n  ', '\n') : given, text);
    if (name === undefined) continue;
    if (found.has(name)) twice.add(name);
    found.set(name, variable);
  }
  for (const name of twice) found.delete(name);
  return found;
}

/** What stands below the entry's own name, which may be in several places. */
function ownText(text: string, entry: string): string {
  const [, ...sections] = text.split(/^\/\/ (.*)\n/m);
  return sections.filter((_, i) => i % 2 === 1 && sections[i - 1] === entry).join('\n');
}

/**
 * The name that a definition gives its function, as far as it can be seen: that of its options, or else
 * the function's own.
 * @param given the function and the options, as text
 */
function nameIn(printed: string, text: string): string | undefined {
  const given = printed.replace(COMMENT, '');
  const fn = functionIn(given, text);
  const options = fn ? fn.after : (/,\s\{[^{}]*\}$/.exec(given)?.[0] ?? 'unknown');
  if (options === '') return fn?.name;
  const fields = /^,\s\{([\s\S]*)\}$/.exec(options)?.[1];
  if (fields === undefined || fields.includes('...')) return undefined;
  const mentioned = fields.match(/\bname\b/g)?.length ?? 0;
  if (mentioned === 0) return fn?.name;
  const named = /(?:^|,)\s*name: ("(?:[^"\\]|\\.)*")\s*(?:,|$)/.exec(fields)?.[1];
  return named !== undefined && mentioned === 1 ? JSON.parse(named) : undefined;
}

interface NamedFunction {
  readonly name: string;
  /** What is given after it. */
  readonly after: string;
}

/** esbuild calls `__name()` for whatever has one. */
function functionIn(given: string, text: string): NamedFunction | undefined {
  const inline = /^\/\* @__PURE__ \*\/ __name\([\s\S]*?^\}, "([\w$]+)"\)([\s\S]*)$/m.exec(given);
  if (inline) return { name: inline[1] as string, after: inline[2] as string };
  const [, variable, after] = /^([\w$]+)(,\s[\s\S]*)?$/.exec(given) ?? [];
  if (variable === undefined) return undefined;
  const named = text.match(
    new RegExp(`^__name\\(${variable.replaceAll('$', '\\$')}, "([\\w$]+)"\\);$`, 'm'),
  );
  return named?.[1] === undefined ? undefined : { name: named[1], after: after ?? '' };
}
