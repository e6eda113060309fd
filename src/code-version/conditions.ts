/**
 * By which conditions does this process choose among the files that a package.json offers? These,
 * beside `node`, `default`, and `import` or `require`, which every Node has for every module.
 */

/** What they follow from. */
export interface Start {
  readonly execArgv: readonly string[];
  readonly nodeOptions: string;
  /** Whether `require()` loads ES modules; Node counts on `module-sync` then. */
  readonly requiresModules: boolean;
}

const ofThisProcess = (): Start => ({
  execArgv: process.execArgv,
  nodeOptions: process.env['NODE_OPTIONS'] ?? '',
  requiresModules: 'require_module' in process.features && process.features.require_module === true,
});

/** In order, and each once: Node does not care either. */
export function activeConditions(start: Start = ofThisProcess()): readonly string[] {
  // As Node reads them: where they contradict each other, the command line comes last.
  const flags = [...words(start.nodeOptions), ...start.execArgv];
  const conditions = flags.flatMap((flag, i) => {
    if (flag.startsWith('--conditions=')) return flag.slice('--conditions='.length);
    return flag === '-C' || flag === '--conditions' ? (flags[i + 1] ?? []) : [];
  });
  const addons = flags.map((flag) => flag.replaceAll('_', '-')).filter((flag) => ADDONS.test(flag));
  if (addons.at(-1) !== '--no-addons') conditions.push('node-addons');
  if (start.requiresModules) conditions.push('module-sync');
  return [...new Set(conditions)].sort();
}

const ADDONS = /^--(no-)?addons$/;

/** Words are parted by spaces; quotes keep a space, and within them a backslash the next character. */
function words(nodeOptions: string): string[] {
  const found = nodeOptions.match(/(?:"(?:\\.|[^"\\])*"?|[^" ])+/gs) ?? [];
  return found.map((word) =>
    word.replaceAll(/"((?:\\.|[^"\\])*)"?/gs, (_, inner: string) =>
      inner.replaceAll(/\\(.)/gs, '$1'),
    ),
  );
}
