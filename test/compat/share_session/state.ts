import type { RequestStep } from '../session/step.js';
import { findShare, state } from './steps.js';

const done = (firstOffset: number, lastOffset: number, deliveryState = 2, deliveryCount = 1) => ({
  firstOffset,
  lastOffset,
  deliveryState,
  deliveryCount,
});
const write = (startOffset: number, stateBatches: readonly object[], more: object = {}) => ({
  topic: 's-state',
  partition: 0,
  stateEpoch: 1,
  leaderEpoch: 0,
  startOffset,
  stateBatches,
  ...more,
});
const t0 = { topic: 's-state', partition: 0 };

/** What brokers ask the share coordinator. */
export const stateSteps: readonly RequestStep[] = [
  findShare('of a share partition', 6, (id) => [`g:${id}:0`, `g:with:colons:${id}:1`]),
  findShare('share keys that are none', 6, (id) => ['g', `g:${id}`, `:${id}:0`, 'g:short:0', `g:${id}:x`, '']),
  findShare('share keys before there were any', 5, (id) => [`g:${id}:0`]),
  state('read before it was begun', 'ReadShareGroupState', 0, 'g', [{ ...t0, leaderEpoch: 0 }]),
  state('write before it was begun', 'WriteShareGroupState', 1, 'g', [write(0, [])]),
  state('summary before it was begun', 'ReadShareGroupStateSummary', 1, 'g', [{ ...t0, leaderEpoch: 0 }]),
  state('delete before it was begun', 'DeleteShareGroupState', 0, 'g', [t0]),
  state('begin', 'InitializeShareGroupState', 0, 'g', [
    { ...t0, stateEpoch: 1, startOffset: -1 },
    { topic: 's-state', partition: 1, stateEpoch: 1, startOffset: 7 },
  ]),
  state('begin what is not there', 'InitializeShareGroupState', 0, 'g', [
    { topic: 's-state', partition: 9, stateEpoch: 1, startOffset: 0 },
    { topic: 's-state', partition: -1, stateEpoch: 1, startOffset: 0 },
    { topic: 'stranger', partition: 0, stateEpoch: 1, startOffset: 0 },
  ]),
  state('begin with an old epoch', 'InitializeShareGroupState', 0, 'g', [{ ...t0, stateEpoch: 0, startOffset: 0 }]),
  state('summary of both', 'ReadShareGroupStateSummary', 1, 'g', [
    { ...t0, leaderEpoch: 0 },
    { topic: 's-state', partition: 1, leaderEpoch: 0 },
    { topic: 's-state', partition: 9, leaderEpoch: 0 },
    { topic: 's-state', partition: -3, leaderEpoch: 0 },
  ]),
  state('summary v0', 'ReadShareGroupStateSummary', 0, 'g', [{ topic: 's-state', partition: 1, leaderEpoch: 0 }]),
  state('read', 'ReadShareGroupState', 0, 'g', [{ ...t0, leaderEpoch: 0 }]),
  state('read with a new leader epoch', 'ReadShareGroupState', 0, 'g', [{ ...t0, leaderEpoch: 4 }]),
  state('read with an old leader epoch', 'ReadShareGroupState', 0, 'g', [{ ...t0, leaderEpoch: 3 }]),
  state('read without a leader epoch', 'ReadShareGroupState', 0, 'g', [{ ...t0, leaderEpoch: -1 }]),
  state('read what is not there', 'ReadShareGroupState', 0, 'g', [
    { topic: 's-state', partition: -2, leaderEpoch: 0 },
    { topic: 'stranger', partition: 0, leaderEpoch: 0 },
  ]),
  state('write with an old leader epoch', 'WriteShareGroupState', 1, 'g', [write(0, [], { leaderEpoch: 3 })]),
  state('write with an old state epoch', 'WriteShareGroupState', 1, 'g', [
    write(0, [], { leaderEpoch: 4, stateEpoch: 0 }),
  ]),
  state('write', 'WriteShareGroupState', 1, 'g', [
    write(10, [done(10, 14), done(20, 24, 0, 2)], { leaderEpoch: 4, deliveryCompleteCount: 5 }),
  ]),
  state('read what was written', 'ReadShareGroupState', 0, 'g', [{ ...t0, leaderEpoch: 4 }]),
  state('write over it', 'WriteShareGroupState', 0, 'g', [
    write(12, [done(22, 30, 4, 1), done(15, 16), done(23, 23, 2, 3)], { leaderEpoch: 4 }),
  ]),
  state('read what was put together', 'ReadShareGroupState', 0, 'g', [{ ...t0, leaderEpoch: -1 }]),
  state('write without a start', 'WriteShareGroupState', 1, 'g', [
    write(-1, [done(17, 19)], { leaderEpoch: -1, stateEpoch: -1, deliveryCompleteCount: 9 }),
  ]),
  state('summary of what was written', 'ReadShareGroupStateSummary', 1, 'g', [{ ...t0, leaderEpoch: 4 }]),
  state('write several', 'WriteShareGroupState', 1, 'g', [
    write(15, [], { leaderEpoch: 4 }),
    write(8, [done(9, 9)], { partition: 1 }),
    write(0, [], { topic: 'stranger' }),
  ]),
  state('begin again', 'InitializeShareGroupState', 0, 'g', [{ ...t0, stateEpoch: 2, startOffset: 100 }]),
  state('read after it began again', 'ReadShareGroupState', 0, 'g', [{ ...t0, leaderEpoch: 4 }]),
  state('another group', 'ReadShareGroupStateSummary', 1, 'other', [{ ...t0, leaderEpoch: 4 }]),
  state('without a group', 'ReadShareGroupState', 0, '', [{ ...t0, leaderEpoch: 4 }]),
  state('without topics', 'WriteShareGroupState', 1, 'g', []),
  state('delete', 'DeleteShareGroupState', 0, 'g', [t0, { topic: 'stranger', partition: 0 }, { ...t0, partition: -1 }]),
  state('summary after deletion', 'ReadShareGroupStateSummary', 1, 'g', [{ ...t0, leaderEpoch: 4 }]),
  state('read after deletion', 'ReadShareGroupState', 0, 'g', [{ ...t0, leaderEpoch: 4 }]),
];
