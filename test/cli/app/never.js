/** Waits for what never comes, with nothing open that would keep the process alive. */

await new Promise(() => {});

export function unreachable() {}
