/**
 * The installed packages that a program imports, and those that they depend on in turn: what their
 * package.json files say, and not what is in them. They are found as Node finds them, in the
 * nearest `node_modules` upwards that has them.
 */

import { existsSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { readManifest } from '../runtime/manifest.ts';
import { namedIn, realOf } from './looked.ts';

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

/** What a name stands for. A link to sources has no version, or one that says nothing. */
export type NameUse = 'ours' | 'installed' | 'linked' | 'absent';

export function isInstalled(real: string): boolean {
  return real.includes(INSTALLED);
}

export class InstalledPackages {
  /** The package.json files that were found, and the folders in which none was. */
  readonly looked = new Set<string>();
  readonly #names = new Set<string>();
  /** The folders of packages whose dependencies are noted. */
  readonly #followed = new Set<string>();

  /** `name@version` of each, in order. */
  names(): string[] {
    return [...this.#names].sort();
  }

  /** Notes what an import in a folder gets. */
  use(name: string, folder: string): NameUse {
    if (name === OURS) return 'ours';
    const found = this.#find(name, folder);
    if (found === undefined) return 'absent';
    if (!isInstalled(found) || !existsSync(join(found, 'package.json'))) return 'linked';
    this.#follow(name, found);
    return 'installed';
  }

  /** An import in a folder has got nothing: what a link offers may not be built yet. */
  miss(name: string, folder: string): void {
    const found = this.#find(name, folder);
    if (found === undefined) return;
    for (const path of [found, ...namedIn(join(found, 'package.json'))]) this.looked.add(path);
  }

  #follow(name: string, folder: string): void {
    if (this.#followed.has(folder)) return;
    this.#followed.add(folder);
    const manifest = readManifest(join(folder, 'package.json')) as Manifest;
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
        const manifest = realOf(join(home, 'package.json'));
        this.looked.add(manifest === undefined ? home : join(home, 'package.json'));
        const real = manifest === undefined ? realOf(home) : dirname(manifest);
        if (real !== undefined) return real;
      }
      if (folder === dirname(folder)) return undefined;
    }
  }
}
