export function inside(): Promise<unknown>;
