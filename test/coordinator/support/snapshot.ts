import type { ConsumerGroup } from '../../../src/coordinator/consumer_group/group.js';
import type { ClassicGroup } from '../../../src/coordinator/group/classic_group.js';
import type { OffsetTable } from '../../../src/coordinator/group/offset_table.js';
import type { GroupState } from '../../../src/coordinator/group/state.js';

const bytes = (value: Uint8Array): string => Buffer.from(value).toString('hex');

function byMemberId<M extends { readonly memberId: string }>(members: M[]): M[] {
  return members.sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
}

function classicOf(group: ClassicGroup) {
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

export function classicGroups(state: GroupState): ClassicGroup[] {
  return [...state.groups.values()].filter((group) => group.type === 'classic');
}

export function consumerGroups(state: GroupState): ConsumerGroup[] {
  return [...state.groups.values()].filter((group) => group.type === 'consumer');
}

const byKey = <K, V>(map: Iterable<readonly [K, V]>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

/** What records hold of a consumer group; `owners` and counts follow from it and are compared too. */
export function consumerSnapshot(group: ConsumerGroup) {
  const { refresh: _, metadataHash, ...head } = group.head;
  const members = byMemberId(
    [...group.members()].map((member) => ({
      ...member,
      subscribedTopicNames: [...member.subscribedTopicNames].sort(),
      assigned: byKey(member.assigned).map(([topicId, partitions]) => [topicId, byKey(partitions)]),
      revoking: byKey(member.revoking).map(([topicId, partitions]) => [topicId, byKey(partitions)]),
      classic: member.classic && {
        ...member.classic,
        protocols: member.classic.protocols.map(({ name, metadata }) => `${name}:${bytes(metadata)}`),
      },
      target: byKey(group.target(member.memberId)).map(([topicId, partitions]) => [
        topicId,
        [...partitions].sort((a, b) => a - b),
      ]),
      owns: [...member.assigned].map(([topicId, partitions]) =>
        [...partitions.keys()].map((partition) => group.ownerEpoch(topicId, partition)),
      ),
    })),
  );
  return {
    groupId: group.groupId,
    state: group.state,
    head: { ...head, metadataHash: String(metadataHash) },
    members,
    topics: byKey(group.subscribedTopics()),
    regexes: byKey(group.resolvedRegexes()).map(([regex, { topics, ...rest }]) => [regex, [...topics].sort(), rest]),
    classicMembers: group.classicMembers,
    subscriptionType: group.subscriptionType,
    preferredAssignor: group.preferredAssignor,
  };
}

/** Everything in a state, as values that can be compared. */
export function snapshot(state: GroupState) {
  return {
    groups: classicGroups(state)
      .map(classicOf)
      .sort((a, b) => (a.head.groupId < b.head.groupId ? -1 : 1)),
    consumers: consumerGroups(state)
      .map((group) => consumerSnapshot(group))
      .sort((a, b) => (a.groupId < b.groupId ? -1 : 1)),
    offsets: offsetsOf(state.offsets),
    open: [...state.openTransactions].map(([producerId, table]) => ({ producerId, offsets: offsetsOf(table) })),
  };
}

/** What records hold of a group in a phase that records hold: its last completed generation. */
export function durable(state: GroupState) {
  return {
    groups: classicGroups(state)
      .filter((group) => group.phase === 'Stable' || group.phase === 'Empty')
      .map((group) => {
        const { head, members } = classicOf(group);
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
