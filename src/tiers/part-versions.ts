/**
 * The code of what a record was made of (`track`), in tiers that outlive the process: beside its dependencies
 * stands which code each of their functions had. Where one has another now, the record is a miss.
 *
 * A function that this process has not defined may have any code: only the computation would load its module.
 */

import { createHash } from 'node:crypto';
import type { FunctionInfo } from '../protocol.ts';
import { CODE, functionsIn } from '../tags/dependencies.ts';
import type { FunctionVersions } from './function-versions.ts';
import type { Marked } from './tier.ts';

const DIGEST_BYTES = 20;

export class PartVersions {
  readonly #idOf: FunctionVersions['idOf'];
  readonly #defined: () => Iterable<FunctionInfo>;
  /** Those that were seen, by id and by name. */
  readonly #seen = new Map<string, FunctionInfo>();
  readonly #named = new Map<string, FunctionInfo[]>();

  constructor({ idOf }: Pick<FunctionVersions, 'idOf'>, defined: () => Iterable<FunctionInfo>) {
    this.#idOf = idOf;
    this.#defined = defined;
  }

  /**
   * Of the functions that are in these marks, as far as they are defined here.
   * @throws where the version of one cannot be determined
   */
  async of(marks: readonly string[]): Promise<readonly Marked[]> {
    const its = [...functionsIn(marks)];
    if (!its.every((id) => this.#seen.has(id))) this.#look();
    return Promise.all(
      its
        .flatMap((id) => this.#seen.get(id) ?? [])
        .map(async (info) => ({
          name: CODE + nameOf(info),
          generation: digestOf(await this.#idOf(info.id, info)),
        })),
    );
  }

  /** Whether each of these functions has that code. */
  async arePresent(versions: readonly Marked[]): Promise<boolean> {
    const answers = versions.map((version) => this.#isPresent(version));
    return (await Promise.all(answers)).every(Boolean);
  }

  /** The same, where all that is known. */
  arePresentNow(versions: readonly Marked[]): boolean | 'later' {
    for (const version of versions) {
      const isPresent = this.#isPresentNow(version);
      if (isPresent !== true) return isPresent;
    }
    return true;
  }

  async #isPresent(version: Marked): Promise<boolean> {
    const isPresent = this.#isPresentNow(version);
    if (isPresent !== 'later') return isPresent;
    const ids = (this.#named.get(version.name) ?? []).map(async (info) =>
      this.#idOf(info.id, info),
    );
    return (await Promise.allSettled(ids)).some(
      (each) => each.status === 'fulfilled' && isOf(version, each.value),
    );
  }

  /** Of one with a version of its own there may be several; more may have been defined since the last look. */
  #isPresentNow(version: Marked): boolean | 'later' {
    if (this.#idsOf(version).some((id) => isOf(version, id))) return true;
    this.#look();
    const ids = this.#idsOf(version);
    if (ids.some((id) => isOf(version, id))) return true;
    return ids.includes(undefined) ? 'later' : ids.length === 0;
  }

  /** Those of the functions that have this name; `undefined` for one that is not known yet. */
  #idsOf({ name }: Marked): readonly (string | undefined)[] {
    return (this.#named.get(name) ?? []).map((info) => {
      const id = this.#idOf(info.id, info);
      if (typeof id === 'string') return id;
      // Why it fails is counted where the function itself is asked for.
      id.catch(() => {});
      return undefined;
    });
  }

  #look(): void {
    for (const info of this.#defined()) {
      if (this.#seen.has(info.id)) continue;
      this.#seen.set(info.id, info);
      const name = CODE + nameOf(info);
      this.#named.set(name, [...(this.#named.get(name) ?? []), info]);
    }
  }
}

export function isVersion({ name }: Marked): boolean {
  return name.startsWith(CODE);
}

/** Its id, without the version of its own that may stand behind it. */
function nameOf({ id, versioned }: FunctionInfo): string {
  return versioned ? id.slice(0, id.lastIndexOf('@')) : id;
}

function digestOf(id: string): Uint8Array {
  return createHash('sha256').update(id).digest().subarray(0, DIGEST_BYTES);
}

function isOf({ generation }: Marked, id: string | undefined): boolean {
  return id !== undefined && Buffer.from(digestOf(id)).equals(generation);
}
