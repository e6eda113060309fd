/** What a handler of a test waits at. */
export function gate(): { readonly lift: () => void; readonly opened: Promise<void> } {
  let lift = () => {};
  const opened = new Promise<void>((resolve) => {
    lift = resolve;
  });
  return { lift: () => lift(), opened };
}
