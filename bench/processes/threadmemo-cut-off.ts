/** threadmemo with its Redis tier, behind a proxy that loses packets when it is told to. */
import { fleetOf } from './fleet.ts';

export { openCache } from './threadmemo.ts';

const reason = 'a proxy would be measured';

export const contestant = fleetOf(
  'threadmemo-cut-off',
  'threadmemo with redisTier, default options, behind a proxy that can lose everything',
  { 'fleet stampede': reason, 'fleet hits': reason, 'fleet handover': reason },
  true,
);
