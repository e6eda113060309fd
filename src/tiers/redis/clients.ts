/** Which package reaches Redis. */

import type { Client } from './connection.ts';
import { type Ioredis, type IoredisCluster, ioredisClient, ioredisCluster } from './ioredis.ts';
import {
  clientOfUrl,
  type NodeRedis,
  type NodeRedisCluster,
  nodeRedisClient,
  nodeRedisCluster,
} from './node-redis.ts';
import type { ResolvedRedisTierOptions } from './options.ts';

/** The methods of a client say which package it is from. */
export function clientOf({ url, client, connectTimeout }: ResolvedRedisTierOptions): Client {
  if (!client) return clientOfUrl(url, connectTimeout);
  if ('callBuffer' in client) {
    return Reflect.get(client, 'isCluster')
      ? ioredisCluster(client as unknown as IoredisCluster, connectTimeout)
      : ioredisClient(client as unknown as Ioredis, connectTimeout);
  }
  return 'masters' in client
    ? nodeRedisCluster(client as unknown as NodeRedisCluster, connectTimeout)
    : nodeRedisClient(client as unknown as NodeRedis, connectTimeout);
}
