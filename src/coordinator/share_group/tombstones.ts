import type { ShareGroup } from './group.js';
import type { ShareGroupRecord } from './records.js';

/** Everything of a member, in the order in which Kafka takes it back. */
export function shareMemberTombstones(groupId: string, memberId: string): ShareGroupRecord[] {
  const of = { groupId, memberId, value: undefined };
  return [
    { kind: 'share-member-current', ...of },
    { kind: 'share-member-target', ...of },
    { kind: 'share-member', ...of },
  ];
}

/** The records that end a group with all that is in it. */
export function shareTombstones(group: ShareGroup): ShareGroupRecord[] {
  const { groupId } = group;
  const of = { groupId, value: undefined };
  const memberIds = [...group.members()].map(({ memberId }) => memberId);
  const each = (kind: 'share-member-current' | 'share-member-target' | 'share-member') =>
    memberIds.map((memberId): ShareGroupRecord => ({ kind, memberId, ...of }));
  return [
    ...each('share-member-current'),
    ...each('share-member-target'),
    { kind: 'share-target', ...of },
    ...each('share-member'),
    { kind: 'share-partitions', ...of, atMs: 0 },
    { kind: 'share-group', ...of },
  ];
}
