/** A thread that is only pretended: it is told everything, and does nothing by itself. */

import type { Flight, Lease, Waiter } from '../src/coordinator/flight.ts';
import { PeerOf } from '../src/coordinator/peer.ts';

export class PretendedPeer extends PeerOf<Lease, Waiter> {
  readonly threadId: number = 1;
  readonly mail: number = 0;
  readonly running: number = 0;
  readonly endedBy: number = 0;
  readonly hasRoom: boolean = true;
  /** What it was given so far. */
  readonly given: Flight[] = [];
  post(): void {}
  tellOf(): void {}
  handOver(): void {}
  terminate(): void {}

  hasRead(): boolean {
    return true;
  }

  takeBack(): boolean {
    return false;
  }

  prepare({ flight }: Lease): void {
    this.given.push(flight);
  }
}
