/** threadmemo without a tier: what a hit costs when there is no Redis. */
import { fleetOf } from './fleet.ts';
import type { OpenCache } from './member-cache.ts';
import { openCache as openWith } from './threadmemo.ts';

const reason = 'its processes share nothing';

export const contestant = fleetOf('threadmemo-alone', 'threadmemo without a tier', {
  'fleet handover': reason,
  'fleet outage': reason,
});

export const openCache: OpenCache = (setup) => openWith({ ...setup, port: 0 });
