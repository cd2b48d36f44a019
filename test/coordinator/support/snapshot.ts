import type { ClassicGroup } from '../../../src/coordinator/group/classic_group.js';
import type { OffsetTable } from '../../../src/coordinator/group/offset_table.js';
import type { GroupState } from '../../../src/coordinator/group/state.js';

const bytes = (value: Uint8Array): string => Buffer.from(value).toString('hex');

function byMemberId<M extends { readonly memberId: string }>(members: M[]): M[] {
  return members.sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
}

function groupOf(group: ClassicGroup) {
  const { subscribedTopics, ...head } = group.head;
  return {
    head: { ...head, subscribedTopics: subscribedTopics === null ? null : [...subscribedTopics].sort() },
    // Undoing a removal puts a member last: their order is only who comes next when the leader leaves.
    members: byMemberId([...group.members()]).map((member) => ({
      ...member,
      protocols: member.protocols.map(({ name, metadata }) => `${name}:${bytes(metadata)}`),
      assignment: bytes(member.assignment),
    })),
    joining: group.joining,
    allHaveJoined: group.allHaveJoined,
    allHaveSynced: group.allHaveSynced,
    isExpectingMembers: group.isExpectingMembers,
  };
}

function offsetsOf(table: OffsetTable) {
  return [...table.groupIds()]
    .sort()
    .flatMap((groupId) =>
      [...(table.topicsOf(groupId) ?? [])]
        .sort()
        .flatMap(([topic, partitions]) =>
          [...partitions]
            .sort(([a], [b]) => a - b)
            .map(([partition, stored]) => ({ groupId, topic, partition, stored })),
        ),
    );
}

/** Everything in a state, as values that can be compared. */
export function snapshot(state: GroupState) {
  return {
    groups: [...state.groups.values()].map(groupOf).sort((a, b) => (a.head.groupId < b.head.groupId ? -1 : 1)),
    offsets: offsetsOf(state.offsets),
    open: [...state.openTransactions].map(([producerId, table]) => ({ producerId, offsets: offsetsOf(table) })),
  };
}

/** What records hold of a group in a phase that records hold: its last completed generation. */
export function durable(state: GroupState) {
  return {
    groups: [...state.groups.values()]
      .filter((group) => group.phase === 'Stable' || group.phase === 'Empty')
      .map((group) => {
        const { head, members } = groupOf(group);
        const { initialRebalance: _, memberAddedInDelay: __, ...kept } = head;
        return {
          ...kept,
          members: members.map(({ protocols, joining: _j, syncing: _s, isNew: _n, owesSync: _o, ...rest }) => ({
            ...rest,
            metadata: protocols.filter((text) => text.startsWith(`${head.protocolName ?? ''}:`)),
          })),
        };
      })
      .sort((a, b) => (a.groupId < b.groupId ? -1 : 1)),
    offsets: offsetsOf(state.offsets).map(({ stored: { order: _, ...stored }, ...rest }) => ({ ...rest, stored })),
  };
}
