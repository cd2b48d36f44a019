import type { ConsumerGroup } from './group.js';
import type { ConsumerGroupRecord } from './records.js';

/** Everything of a member, in the order in which Kafka takes it back. */
export function memberTombstones(groupId: string, memberId: string): ConsumerGroupRecord[] {
  const of = { groupId, memberId, value: undefined };
  return [
    { kind: 'consumer-member-current', ...of },
    { kind: 'consumer-member-target', ...of },
    { kind: 'consumer-member', ...of },
  ];
}

/** The records that end a group with all that is in it. */
export function consumerTombstones(group: ConsumerGroup): ConsumerGroupRecord[] {
  const { groupId } = group;
  const of = { groupId, value: undefined };
  const memberIds = [...group.members()].map(({ memberId }) => memberId);
  const each = (kind: 'consumer-member-current' | 'consumer-member-target' | 'consumer-member') =>
    memberIds.map((memberId): ConsumerGroupRecord => ({ kind, memberId, ...of }));
  return [
    ...each('consumer-member-current'),
    ...each('consumer-member-target'),
    { kind: 'consumer-target', ...of },
    ...each('consumer-member'),
    ...[...group.resolvedRegexes()].map(([regex]): ConsumerGroupRecord => ({ kind: 'consumer-regex', regex, ...of })),
    { kind: 'consumer-topics', ...of },
    { kind: 'consumer-group', ...of },
  ];
}
