/**
 * How much may a contestant keep? The same for all, and enough that no scenario evicts anything:
 * eviction is a question of its own.
 */
export const cacheEntries = 100_000;
