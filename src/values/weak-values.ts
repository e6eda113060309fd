/** Objects by number, for as long as other code uses them. */

export class WeakValues<Value extends object> {
  readonly #values = new Map<number, WeakRef<Value>>();
  readonly #collected = new FinalizationRegistry<number>((name) => {
    // Another object may have its name meanwhile.
    if (!this.get(name)) this.#values.delete(name);
  });

  get(name: number): Value | undefined {
    return this.#values.get(name)?.deref();
  }

  set(name: number, value: Value): void {
    this.#values.set(name, new WeakRef(value));
    this.#collected.register(value, name);
  }
}
