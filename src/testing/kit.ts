/** `threadmemo/testing`: what users test their own code with. */

export type { Duration } from '../options.ts';
export { type FakeClock, type FakeClockOptions, fakeClock } from './fake-clock.ts';
export type { Fault, FaultPlan } from './fault-plan.ts';
export { type FaultOptions, type Faults, faults } from './faults.ts';
