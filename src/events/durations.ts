/** Durations as they are measured, for a library that has histograms of its own. */

/** What a computation took, without its waits; what it had waited in the queue for a thread. */
export type Measured = 'compute' | 'wait';
type Told = (what: Measured, ms: number) => void;

let told: Told | undefined;

/** In the thread that opens pools: at most one is told. */
export function tellDurations(to: Told | undefined): void {
  told = to;
}

export function measured(what: Measured, ms: number): void {
  told?.(what, ms);
}
