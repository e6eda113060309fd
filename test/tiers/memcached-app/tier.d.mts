import type { MemcachedTier } from '../../../src/tiers/memcached/contract.ts';

export function openTier(servers: string): MemcachedTier;
