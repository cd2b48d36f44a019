import type { StreamsGroup } from './group.js';
import type { StreamsGroupRecord } from './records.js';

/** The records that end a group with all that is in it. */
export function streamsTombstones(group: StreamsGroup): StreamsGroupRecord[] {
  const of = { groupId: group.groupId, value: undefined };
  const each = (kind: 'streams-member-current' | 'streams-member-target' | 'streams-member') =>
    [...group.members()].map(({ memberId }): StreamsGroupRecord => ({ kind, memberId, ...of }));
  return [
    ...each('streams-member-current'),
    ...each('streams-member-target'),
    { kind: 'streams-target', ...of },
    ...each('streams-member'),
    { kind: 'streams-group', ...of },
    { kind: 'streams-topology', ...of },
  ];
}
