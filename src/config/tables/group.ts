import type { TopicConfigDefinition } from '../definition.js';
import { topic } from '../entries.js';
import { atLeast, oneOf, shareAutoOffsetReset } from '../validators.js';

/** Configs of single groups (KIP-848, KIP-932, KIP-1071). */
export const GROUP_CONFIGS = {
  'consumer.assignment.interval.ms': topic.int(
    1000,
    ['group.consumer.assignment.interval.ms'],
    'full',
    'Shortest time between two assignments of the consumer group.',
    { validator: atLeast(0) },
  ),
  'consumer.heartbeat.interval.ms': topic.int(
    5000,
    ['group.consumer.heartbeat.interval.ms'],
    'full',
    'Heartbeat interval given to the members of the consumer group.',
    { validator: atLeast(1) },
  ),
  'consumer.session.timeout.ms': topic.int(
    45_000,
    ['group.consumer.session.timeout.ms'],
    'full',
    'A member of the consumer group without a heartbeat for this long is removed.',
    { validator: atLeast(1) },
  ),
  'share.assignment.interval.ms': topic.int(
    1000,
    ['group.share.assignment.interval.ms'],
    'full',
    'Shortest time between two assignments of the share group.',
    { validator: atLeast(0) },
  ),
  'share.auto.offset.reset': topic.string('latest', [], 'full', 'Where the share group begins.', {
    validator: shareAutoOffsetReset,
  }),
  'share.delivery.count.limit': topic.int(
    5,
    ['group.share.delivery.count.limit'],
    'full',
    'Deliveries of a record to the share group before it is given up.',
    { validator: atLeast(2) },
  ),
  'share.heartbeat.interval.ms': topic.int(
    5000,
    ['group.share.heartbeat.interval.ms'],
    'full',
    'Heartbeat interval given to the members of the share group.',
    { validator: atLeast(1) },
  ),
  'share.isolation.level': topic.string(
    'read_uncommitted',
    [],
    'full',
    'Whether the share group sees records of open transactions.',
    { validator: oneOf('read_committed', 'read_uncommitted') },
  ),
  'share.partition.max.record.locks': topic.int(
    2000,
    ['group.share.partition.max.record.locks'],
    'full',
    'Records of a partition that may be in flight to the share group.',
    { validator: atLeast(100) },
  ),
  'share.record.lock.duration.ms': topic.int(
    30_000,
    ['group.share.record.lock.duration.ms'],
    'full',
    'How long a record stays with the member that fetched it.',
    { validator: atLeast(1000) },
  ),
  'share.renew.acknowledge.enable': topic.boolean(
    true,
    [],
    'full',
    'Members of the share group may extend the lock of a record.',
  ),
  'share.session.timeout.ms': topic.int(
    45_000,
    ['group.share.session.timeout.ms'],
    'full',
    'A member of the share group without a heartbeat for this long is removed.',
    { validator: atLeast(1) },
  ),
  'streams.assignment.interval.ms': topic.int(
    1000,
    ['group.streams.assignment.interval.ms'],
    'full',
    'Shortest time between two assignments of the streams group.',
    { validator: atLeast(0) },
  ),
  'streams.heartbeat.interval.ms': topic.int(
    5000,
    ['group.streams.heartbeat.interval.ms'],
    'full',
    'Heartbeat interval given to the members of the streams group.',
    { validator: atLeast(1) },
  ),
  'streams.initial.rebalance.delay.ms': topic.int(
    3000,
    ['group.streams.initial.rebalance.delay.ms'],
    'full',
    'Wait of the empty streams group for more members.',
    { validator: atLeast(0) },
  ),
  'streams.num.standby.replicas': topic.int(
    0,
    ['group.streams.num.standby.replicas'],
    'full',
    'Standby tasks per task of the streams group.',
    { validator: atLeast(0) },
  ),
  'streams.session.timeout.ms': topic.int(
    45_000,
    ['group.streams.session.timeout.ms'],
    'full',
    'A member of the streams group without a heartbeat for this long is removed.',
    { validator: atLeast(1) },
  ),
} as const;

const BY_NAME: ReadonlyMap<string, TopicConfigDefinition> = new Map(Object.entries(GROUP_CONFIGS));

export const GROUP_CONFIG_NAMES: readonly string[] = [...BY_NAME.keys()].sort();

export function groupConfigDefinition(name: string): TopicConfigDefinition | undefined {
  return BY_NAME.get(name);
}
