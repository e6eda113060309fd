/**
 * A policy for a few of many handles: what it costs follows from how many are held (about 100 bytes
 * each) and not from how large they are. The policy within sees small numbers instead.
 */

import type { Candidate, EntryFacts, EvictionPolicy } from './policy.ts';

export class Dense implements EvictionPolicy {
  readonly #policy: EvictionPolicy;
  readonly #slots = new Map<number, number>();
  readonly #handles: number[] = [];
  readonly #free: number[] = [];

  /** @param make makes the policy within, which asks for what it knows by slot */
  constructor(facts: EntryFacts, make: (facts: EntryFacts) => EvictionPolicy) {
    const handles = this.#handles;
    this.#policy = make({
      bytes: (slot) => facts.bytes(handles[slot] as number),
      cost: (slot) => facts.cost(handles[slot] as number),
      hash: (slot) => facts.hash(handles[slot] as number),
      msLeft: (slot) => facts.msLeft(handles[slot] as number),
    });
  }

  get size(): number {
    return this.#policy.size;
  }

  declines(entry: Candidate): boolean {
    return this.#policy.declines(entry);
  }

  add(handle: number): void {
    const slot = this.#free.pop() ?? this.#handles.length;
    this.#handles[slot] = handle;
    this.#slots.set(handle, slot);
    this.#policy.add(slot);
  }

  touch(handle: number): void {
    const slot = this.#slots.get(handle);
    if (slot !== undefined) this.#policy.touch(slot);
  }

  remove(handle: number): void {
    const slot = this.#slots.get(handle);
    if (slot === undefined) return;
    this.#policy.remove(slot);
    this.#letGo(handle, slot);
  }

  evict(handle: number): void {
    const slot = this.#slots.get(handle);
    if (slot === undefined) return;
    this.#policy.evict(slot);
    this.#letGo(handle, slot);
  }

  victim(bytes: number): number | undefined {
    const slot = this.#policy.victim(bytes);
    return slot === undefined ? undefined : this.#handles[slot];
  }

  #letGo(handle: number, slot: number): void {
    this.#slots.delete(handle);
    this.#free.push(slot);
  }
}
