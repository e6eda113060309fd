import type { Memoized } from 'threadmemo';

export const describe: Memoized<(name: string, value: unknown) => { name: string; kind: string }>;
