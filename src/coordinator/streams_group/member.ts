import type { StreamsGroupMemberMetadataValue } from '../../protocol/records/group_streams.js';
import { type MemberState, MemberStateCodes } from '../modern/member.js';
import { type MemberTasks, noMemberTasks } from './tasks.js';

/** A member of a streams group: a thread of a process (KIP-1071). Replaced as a whole at each change. */
export interface StreamsMember {
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly previousMemberEpoch: number;
  readonly state: MemberState;
  /** What the member says of itself, as its record holds it. */
  readonly metadata: StreamsGroupMemberMetadataValue;
  readonly assigned: MemberTasks;
  readonly revoking: MemberTasks;
}

export function newStreamsMember(memberId: string): StreamsMember {
  return {
    memberId,
    memberEpoch: 0,
    previousMemberEpoch: 0,
    state: 'stable',
    metadata: {
      instanceId: null,
      rackId: null,
      clientId: '',
      clientHost: '',
      rebalanceTimeoutMs: -1,
      topologyEpoch: -1,
      processId: '',
      userEndpoint: null,
      clientTags: [],
    },
    assigned: noMemberTasks,
    revoking: noMemberTasks,
  };
}

export const streamsStateCodes = new MemberStateCodes(1);

export function isReconciled(member: StreamsMember, targetEpoch: number): boolean {
  return member.state === 'stable' && member.memberEpoch === targetEpoch;
}

export function sameStreamsMetadata(a: StreamsGroupMemberMetadataValue, b: StreamsGroupMemberMetadataValue): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
