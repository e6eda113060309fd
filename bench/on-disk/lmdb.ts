/** lmdb, read and decoded. */
import type { Contestant } from '../contestants/contestant.ts';
import { type OnDisk, openOnDisk } from './on-disk.ts';

export const contestant: Contestant<OnDisk> = {
  name: 'lmdb',
  what: 'lmdb bare, in its own encoding (msgpack): the floor, without checksums, limits or order of use',
  cannot: {},
  open: () => openOnDisk('lmdb', 'node'),
};
