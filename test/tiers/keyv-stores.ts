/** Stores for Keyv: one in files, and one that fails in whatever way a test says. */

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyvStoreAdapter } from 'keyv';
import { removeFolder } from '../remove-folder.ts';

/** What Keyv asks for beyond what it uses. */
abstract class Store implements KeyvStoreAdapter {
  readonly opts = {};
  abstract get<Value>(key: string): Promise<Value>;
  abstract set(key: string, value: unknown, ttl?: number): Promise<void>;
  abstract delete(key: string): Promise<boolean>;
  abstract clear(): Promise<void>;
  on(): this {
    return this;
  }
}

export class FileStore extends Store {
  readonly #folder: string;

  constructor(folder: string) {
    super();
    this.#folder = folder;
  }

  async get<Value>(key: string): Promise<Value> {
    return (await readFile(this.#file(key), 'utf8').catch(() => undefined)) as Value;
  }

  async set(key: string, value: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await writeFile(this.#file(key), value);
  }

  delete(key: string): Promise<boolean> {
    return rm(this.#file(key)).then(
      () => true,
      () => false,
    );
  }

  clear(): Promise<void> {
    return removeFolder(this.#folder);
  }

  #file(key: string): string {
    return join(this.#folder, encodeURIComponent(key));
  }
}

type Method = 'get' | 'set' | 'delete';

/** In memory. What it is told to hold it does not begin before it is let go. */
export class FaultyStore extends Store {
  readonly content = new Map<string, unknown>();
  readonly ttls = new Map<string, number | undefined>();
  failing = new Set<Method>();
  asked = 0;
  /** How often it was held. */
  held = 0;
  #held: { readonly method: Method; readonly names: string } | undefined;
  #gate = Promise.resolve();
  #open = () => {};

  /** Of the records that it has. */
  names(): string[] {
    return [...this.content.keys()].filter((name) => name.includes(':r:'));
  }

  /** @param names what the names have in them whose operations are held */
  hold(method: Method, names = ''): void {
    this.#held = { method, names };
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  letGo(): void {
    this.#held = undefined;
    this.#open();
  }

  async get<Value>(key: string): Promise<Value> {
    await this.#enter('get', key);
    return this.content.get(key) as Value;
  }

  async set(key: string, value: unknown, ttl?: number): Promise<void> {
    await this.#enter('set', key);
    this.content.set(key, value);
    this.ttls.set(key, ttl);
  }

  async delete(key: string): Promise<boolean> {
    await this.#enter('delete', key);
    return this.content.delete(key);
  }

  async clear(): Promise<void> {
    this.content.clear();
  }

  async #enter(method: Method, key: string): Promise<void> {
    this.asked++;
    if (this.failing.has(method)) throw new Error('the store is away');
    if (this.#held?.method !== method || !key.includes(this.#held.names)) return;
    this.held++;
    await this.#gate;
  }
}
