import type { Uuid } from '../../common/ids.js';
import type { ConsumerGroupMemberMetadataValue } from '../../protocol/records/group_consumer.js';
import type { MemberProtocol } from '../group/member.js';
import { type MemberState, MemberStateCodes, type ModernMember, newModernMember, sameSet } from '../modern/member.js';

export const consumerStateCodes = new MemberStateCodes(0);

/** Partitions by topic, each with the epoch in which the member got it. */
export type EpochAssignment = ReadonlyMap<Uuid, ReadonlyMap<number, number>>;

export const noPartitions: EpochAssignment = new Map();

/** What a member that speaks the classic protocol said when it joined. */
export interface ClassicMetadata {
  readonly sessionTimeoutMs: number;
  readonly protocols: readonly MemberProtocol[];
}

/** How far a member is. */
export interface MemberProgress extends Pick<ModernMember, 'memberEpoch' | 'previousMemberEpoch'> {
  readonly state: MemberState;
  readonly assigned: EpochAssignment;
  readonly revoking: EpochAssignment;
}

/** What a member says of itself. */
export interface MemberMetadata extends Omit<ModernMember, 'memberId' | 'memberEpoch' | 'previousMemberEpoch'> {
  /** -1: not known. */
  readonly rebalanceTimeoutMs: number;
  /** Empty or null: none. */
  readonly subscribedTopicRegex: string | null;
  readonly serverAssignor: string | null;
  /** Null: the member speaks the consumer protocol. */
  readonly classic: ClassicMetadata | null;
}

export interface ConsumerMember extends ModernMember, MemberMetadata, MemberProgress {}

/** Every field by name, so that all members have one shape: V8 is several times slower at spreading one and adding to it. */
export function memberOf(memberId: string, metadata: MemberMetadata, progress: MemberProgress): ConsumerMember {
  return {
    memberId,
    memberEpoch: progress.memberEpoch,
    previousMemberEpoch: progress.previousMemberEpoch,
    instanceId: metadata.instanceId,
    rackId: metadata.rackId,
    clientId: metadata.clientId,
    clientHost: metadata.clientHost,
    subscribedTopicNames: metadata.subscribedTopicNames,
    rebalanceTimeoutMs: metadata.rebalanceTimeoutMs,
    subscribedTopicRegex: metadata.subscribedTopicRegex,
    serverAssignor: metadata.serverAssignor,
    state: progress.state,
    assigned: progress.assigned,
    revoking: progress.revoking,
    classic: metadata.classic,
  };
}

const nobody: ConsumerMember = {
  ...newModernMember(''),
  rebalanceTimeoutMs: -1,
  subscribedTopicRegex: '',
  serverAssignor: null,
  state: 'stable',
  assigned: noPartitions,
  revoking: noPartitions,
  classic: null,
};

export function newMember(memberId: string): ConsumerMember {
  return memberOf(memberId, nobody, nobody);
}

/** The pattern a member is subscribed to, if it is to any. */
export function regexOf(member: ConsumerMember | undefined): string | undefined {
  const regex = member?.subscribedTopicRegex ?? '';
  return regex === '' ? undefined : regex;
}

export function isReconciledTo(member: ConsumerMember, targetEpoch: number): boolean {
  return member.state === 'stable' && member.memberEpoch === targetEpoch;
}

export function samePartitions(a: EpochAssignment, b: EpochAssignment): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId);
    if (others === undefined || others.size !== partitions.size) return false;
    for (const [partition, epoch] of partitions) if (others.get(partition) !== epoch) return false;
  }
  return true;
}

function sameClassic(a: ClassicMetadata | null, b: ClassicMetadata | null): boolean {
  if (a === b) return true;
  if (a === null || b === null || a.sessionTimeoutMs !== b.sessionTimeoutMs) return false;
  return (
    a.protocols.length === b.protocols.length &&
    a.protocols.every((protocol, i) => {
      const other = b.protocols[i];
      return other?.name === protocol.name && Buffer.compare(other.metadata, protocol.metadata) === 0;
    })
  );
}

/** Whether what members say of themselves (and not how far they are) is the same. */
export function sameMetadata(a: ConsumerMember, b: ConsumerMember): boolean {
  if (a === b) return true;
  return (
    a.memberId === b.memberId &&
    a.instanceId === b.instanceId &&
    a.rackId === b.rackId &&
    a.clientId === b.clientId &&
    a.clientHost === b.clientHost &&
    a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
    a.subscribedTopicRegex === b.subscribedTopicRegex &&
    a.serverAssignor === b.serverAssignor &&
    sameSet(a.subscribedTopicNames, b.subscribedTopicNames) &&
    sameClassic(a.classic, b.classic)
  );
}

export function metadataValueOf(member: ConsumerMember): ConsumerGroupMemberMetadataValue {
  const { classic } = member;
  return {
    instanceId: member.instanceId,
    rackId: member.rackId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: [...member.subscribedTopicNames].sort(),
    subscribedTopicRegex: member.subscribedTopicRegex,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    serverAssignor: member.serverAssignor,
    classicMemberMetadata:
      classic === null
        ? null
        : {
            sessionTimeoutMs: classic.sessionTimeoutMs,
            supportedProtocols: classic.protocols.map(({ name, metadata }) => ({ name, metadata })),
          },
  };
}

export function withMetadata(member: ConsumerMember, value: ConsumerGroupMemberMetadataValue): ConsumerMember {
  const names = new Set(value.subscribedTopicNames);
  const classic = value.classicMemberMetadata;
  const metadata = {
    instanceId: value.instanceId,
    rackId: value.rackId,
    clientId: value.clientId,
    clientHost: value.clientHost,
    // The same set object again when nothing changed: counts of subscriptions need not be touched.
    subscribedTopicNames: sameSet(names, member.subscribedTopicNames) ? member.subscribedTopicNames : names,
    subscribedTopicRegex: value.subscribedTopicRegex,
    rebalanceTimeoutMs: value.rebalanceTimeoutMs,
    serverAssignor: value.serverAssignor,
    classic:
      classic === null ? null : { sessionTimeoutMs: classic.sessionTimeoutMs, protocols: classic.supportedProtocols },
  };
  return memberOf(member.memberId, metadata, member);
}
