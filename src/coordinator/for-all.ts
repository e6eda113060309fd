/**
 * Does one thing for each of several that one event concerns: a death, a thread that blocks, a live
 * flight that others join. What it throws for one must not leave the rest half done, so that is thrown
 * when all are done; of several errors the first.
 */
export function forAll<T>(items: Iterable<T>, run: (item: T) => void): void {
  let failed: { readonly error: unknown } | undefined;
  for (const item of items) {
    try {
      run(item);
    } catch (error) {
      failed ??= { error };
    }
  }
  if (failed) throw failed.error;
}
