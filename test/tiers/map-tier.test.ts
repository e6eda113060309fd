import { mapTier } from '../../src/tiers/map-tier.ts';
import { tierSuite } from '../suites/tier.ts';

tierSuite('mapTier', () => mapTier(), { withoutLease: 'it is of one process' });
