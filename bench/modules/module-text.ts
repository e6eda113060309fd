/** What is in a module of the graph? Twenty functions, each of which calls those of other modules. */
const functionsEach = 20;

/** The modules `2n + 1` and `2n + 2` are reached from `n`, as in a heap: all of them from the first. */
export function moduleText(n: number, count: number, extension: 'js' | 'ts'): string {
  const typed = extension === 'ts';
  const reached = [2 * n + 1, 2 * n + 2].filter((other) => other < count);
  const names = (other: number) => each((i) => `f${other}_${i}`).join(', ');
  const imports = reached.map((other) => `import { ${names(other)} } from './m${other}.js';\n`);
  const functions = each((i) => {
    const calls = reached.map((other) => ` + f${other}_${i}(value - 1)`).join('');
    const [parameter, result] = typed ? ['value: number', ': number'] : ['value', ''];
    return `
/** What function ${i} of module ${n} gives for a value. */
export function f${n}_${i}(${parameter})${result} {
  // Small values are dealt with here.
  if (value < ${i}) return 'text ${n} ${i}'.length;
  return value * ${i + 1}${calls};
}
`;
  });
  return [...imports, ...functions].join('');
}

function each<T>(make: (i: number) => T): T[] {
  return Array.from({ length: functionsEach }, (_, i) => make(i));
}
