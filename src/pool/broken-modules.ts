/**
 * Modules that threads could not load. A thread remembers a failed import for ever, so what was a
 * moment without file descriptors would fail all its later calls: it is replaced before it is given
 * another task of that module.
 *
 * The module may as well be broken for good. So the first replacement comes with the next call, and
 * between two of a module there are pauses, each twice as long as the last; calls that come meanwhile
 * fail with the import that failed. They begin anew with each thread that has loaded it.
 */

import type { Clock } from '../clock.ts';
import type { Peer } from '../coordinator/flight.ts';
import type { ToCoordinator } from '../protocol.ts';

/** Milliseconds: less than it takes to start a thread. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 30_000;

interface Broken {
  /** Threads that have failed to load it. */
  readonly failed: WeakSet<Peer>;
  /** Threads that have loaded it since one has failed. */
  readonly loaded: WeakSet<Peer>;
  pause: number;
  /** When the next thread may be replaced for it. */
  next: number;
}

export class BrokenModules {
  readonly #clock: Clock;
  readonly #modules = new Map<string, Broken>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param moduleOf that of a lease's function */
  hear(peer: Peer, message: ToCoordinator, moduleOf: (lease: number) => string | undefined): void {
    if (!('type' in message)) {
      const module = this.#modules.size > 0 && moduleOf(message[0]);
      if (module) this.loaded(peer, module);
    } else if (message.type === 'fail' && message.unloadable !== undefined)
      this.failed(peer, message.unloadable);
  }

  /** The thread has failed to load the module, now or earlier. */
  failed(peer: Peer, module: string): void {
    const known = this.#modules.get(module);
    if (known) return void known.failed.add(peer);
    const failed = new WeakSet([peer]);
    this.#modules.set(module, { failed, loaded: new WeakSet(), pause: FIRST_PAUSE, next: 0 });
  }

  /** The thread has loaded the module, now or earlier. What loads only in some threads starts no loop. */
  loaded(peer: Peer, module: string): void {
    const broken = this.#modules.size > 0 && this.#modules.get(module);
    if (!broken || broken.loaded.has(peer)) return;
    broken.loaded.add(peer);
    broken.pause = FIRST_PAUSE;
    broken.next = 0;
  }

  /** True when the thread is to be replaced, and not given a task of this module. */
  replaces(peer: Peer, module: string): boolean {
    const broken = this.#modules.size > 0 ? this.#modules.get(module) : undefined;
    if (!broken?.failed.has(peer)) return false;
    const now = this.#clock.now();
    if (now < broken.next) return false;
    broken.next = now + broken.pause;
    broken.pause = Math.min(2 * broken.pause, LONGEST_PAUSE);
    return true;
  }
}
