/**
 * The installed packages that a program imports, and those that they depend on in turn: what their
 * package.json files say, and not what is in them. They are found as Node finds them, in the
 * nearest `node_modules` upwards that has them.
 */

import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';

/** Its own version says nothing about a result. */
const OURS = 'threadmemo';
const INSTALLED = `${sep}node_modules${sep}`;

interface Manifest {
  readonly version?: unknown;
  readonly dependencies?: object;
  readonly optionalDependencies?: object;
  readonly peerDependencies?: object;
}

/** `undefined` for what names no package: an absolute path, a URL. */
export function packageNameOf(specifier: string): string | undefined {
  return /^(?:@[^/\\:]+\/)?[^/\\:@][^/\\:]*(?=\/|$)/.exec(specifier)?.[0];
}

export class InstalledPackages {
  /** The package.json files that were looked for, found or not. */
  readonly looked = new Set<string>();
  readonly #names = new Set<string>();
  /** The folders of packages whose dependencies are noted. */
  readonly #followed = new Set<string>();

  /** `name@version` of each, in order. */
  names(): string[] {
    return [...this.#names].sort();
  }

  /**
   * Notes what an import in a folder gets; false when it gets no installed package: there is none,
   * or it is a link to sources, whose version says nothing.
   */
  use(name: string, folder: string): boolean {
    if (name === OURS) return true;
    const found = this.#find(name, folder);
    if (found === undefined || !found.includes(INSTALLED)) return false;
    this.#follow(name, found);
    return true;
  }

  #follow(name: string, folder: string): void {
    if (this.#followed.has(folder)) return;
    this.#followed.add(folder);
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
    this.#names.add(`${name}@${manifest.version}`);
    const { dependencies, optionalDependencies, peerDependencies } = manifest;
    for (const each of Object.keys({
      ...dependencies,
      ...optionalDependencies,
      ...peerDependencies,
    })) {
      this.use(each, folder);
    }
  }

  /** The real path of its folder. */
  #find(name: string, from: string): string | undefined {
    for (let folder = from; ; folder = dirname(folder)) {
      if (basename(folder) !== 'node_modules') {
        const home = join(folder, 'node_modules', name);
        this.looked.add(join(home, 'package.json'));
        const real = realOf(join(home, 'package.json'));
        if (real !== undefined) return dirname(real);
      }
      if (folder === dirname(folder)) return undefined;
    }
  }
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
