import type {
  ShareGroupCurrentMemberAssignmentValue,
  ShareGroupMemberMetadataValue,
} from '../../protocol/records/group_share.js';
import { type Assignment, assignmentOf, noAssignment, topicPartitionsOf } from '../modern/assignment.js';
import { type ModernMember, newModernMember, sameSet } from '../modern/member.js';

/** A member of a share group. It has what it is assigned at once: nobody has to give it up first. */
export interface ShareMember extends ModernMember {
  readonly assigned: Assignment;
}

export function newShareMember(memberId: string): ShareMember {
  return {
    ...newModernMember(memberId),
    assigned: noAssignment,
  };
}

/** Whether what members say of themselves is the same. */
export function sameShareMetadata(a: ShareMember, b: ShareMember): boolean {
  return (
    a.rackId === b.rackId &&
    a.clientId === b.clientId &&
    a.clientHost === b.clientHost &&
    sameSet(a.subscribedTopicNames, b.subscribedTopicNames)
  );
}

export function shareMetadataOf(member: ShareMember): ShareGroupMemberMetadataValue {
  const { rackId, clientId, clientHost } = member;
  return { rackId, clientId, clientHost, subscribedTopicNames: [...member.subscribedTopicNames].sort() };
}

export function withShareMetadata(member: ShareMember, value: ShareGroupMemberMetadataValue): ShareMember {
  const { rackId, clientId, clientHost } = value;
  const names = new Set(value.subscribedTopicNames);
  // The same set object again when nothing changed: counts of subscriptions need not be touched.
  const subscribedTopicNames = sameSet(names, member.subscribedTopicNames) ? member.subscribedTopicNames : names;
  return { ...member, rackId, clientId, clientHost, subscribedTopicNames };
}

/** The only state there is. */
const stable = 0;

export function currentAssignmentOf(member: ShareMember): ShareGroupCurrentMemberAssignmentValue {
  const { memberEpoch, previousMemberEpoch, assigned } = member;
  return { memberEpoch, previousMemberEpoch, state: stable, assignedPartitions: topicPartitionsOf(assigned) };
}

export function withCurrentAssignment(
  member: ShareMember,
  value: ShareGroupCurrentMemberAssignmentValue | undefined,
): ShareMember {
  if (value === undefined) return { ...member, memberEpoch: -1, previousMemberEpoch: -1, assigned: noAssignment };
  const { memberEpoch, previousMemberEpoch } = value;
  return { ...member, memberEpoch, previousMemberEpoch, assigned: assignmentOf(value.assignedPartitions) };
}
