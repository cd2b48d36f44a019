// One row per config: default, importance, how it changes, what Millrace does with it, a sentence, the rest.
import { broker } from '../entries.js';
import { INT_MAX } from '../limits.js';
import { atLeast } from '../validators.js';

/** Streams groups. */
export const STREAMS_CONFIGS = {
  'group.streams.assignment.interval.ms': broker.int(
    1_000,
    'MEDIUM',
    'cluster-wide',
    'full',
    'Shortest time between two assignments of a streams group.',
    { validator: atLeast(0) },
  ),
  'group.streams.heartbeat.interval.ms': broker.int(
    5_000,
    'MEDIUM',
    'read-only',
    'full',
    'Heartbeat interval given to members of streams groups.',
    { validator: atLeast(1) },
  ),
  'group.streams.initial.rebalance.delay.ms': broker.int(
    3_000,
    'MEDIUM',
    'read-only',
    'full',
    'Wait of an empty streams group for more members.',
    { validator: atLeast(0) },
  ),
  'group.streams.max.assignment.interval.ms': broker.int(
    15_000,
    'MEDIUM',
    'read-only',
    'warn',
    'Largest assignment interval a streams group can ask for.',
    { validator: atLeast(0) },
  ),
  'group.streams.max.heartbeat.interval.ms': broker.int(
    15_000,
    'MEDIUM',
    'read-only',
    'warn',
    'Largest heartbeat interval a streams group can ask for.',
    { validator: atLeast(1) },
  ),
  'group.streams.max.session.timeout.ms': broker.int(
    60_000,
    'MEDIUM',
    'read-only',
    'warn',
    'Largest session timeout a streams group can ask for.',
    { validator: atLeast(1) },
  ),
  'group.streams.max.size': broker.int(INT_MAX, 'MEDIUM', 'read-only', 'full', 'Members a streams group can have.', {
    validator: atLeast(1),
  }),
  'group.streams.max.standby.replicas': broker.int(
    2,
    'MEDIUM',
    'read-only',
    'warn',
    'Most standby tasks a streams group can ask for.',
    { validator: atLeast(0) },
  ),
  'group.streams.min.assignment.interval.ms': broker.int(
    0,
    'MEDIUM',
    'read-only',
    'warn',
    'Smallest assignment interval a streams group can ask for.',
    { validator: atLeast(0) },
  ),
  'group.streams.min.heartbeat.interval.ms': broker.int(
    5_000,
    'MEDIUM',
    'read-only',
    'warn',
    'Smallest heartbeat interval a streams group can ask for.',
    { validator: atLeast(1) },
  ),
  'group.streams.min.session.timeout.ms': broker.int(
    45_000,
    'MEDIUM',
    'read-only',
    'warn',
    'Smallest session timeout a streams group can ask for.',
    { validator: atLeast(1) },
  ),
  'group.streams.num.standby.replicas': broker.int(
    0,
    'MEDIUM',
    'read-only',
    'full',
    'Standby tasks per task of a streams group.',
    { validator: atLeast(0) },
  ),
  'group.streams.session.timeout.ms': broker.int(
    45_000,
    'MEDIUM',
    'read-only',
    'full',
    'A member of a streams group without a heartbeat for this long is removed.',
    { validator: atLeast(1) },
  ),
} as const;
