import { unreachable } from '../../common/assert.js';
import { emptyImage, type MetadataImage } from '../../metadata/image.js';
import type { GroupMetadataValue } from '../../protocol/records/group_classic.js';
import { ConsumerGroup } from '../consumer_group/group.js';
import type { ConsumerGroupRecord } from '../consumer_group/records.js';
import type { UndoLog } from '../runtime/machine.js';
import { ShareGroup } from '../share_group/group.js';
import type { ShareGroupRecord } from '../share_group/records.js';
import { StreamsGroup } from '../streams_group/group.js';
import type { StreamsGroupRecord } from '../streams_group/records.js';
import { ClassicGroup, type GroupPatch } from './classic_group.js';
import { classicOf, consumerOf, type Group, modernOf, shareOf, streamsOf } from './kinds.js';
import { type Member, metadataOf, sameBytes } from './member.js';
import { OffsetTable, type StoredOffset } from './offset_table.js';
import type { GroupRecord, TransientRecord } from './records.js';

/** What one partition of `__consumer_offsets` says, and what its groups' members are doing. */
export interface GroupState {
  readonly groups: Map<string, Group>;
  readonly offsets: OffsetTable;
  /** Offsets committed in transactions that have not ended, by producer id. */
  readonly openTransactions: Map<number, OffsetTable>;
  /** Records applied so far. */
  applied: number;
  /** The cluster as this partition was last told. */
  image: MetadataImage;
  /** Version of the last image in which some topic was different. */
  topicsVersion: number;
  /** Version of the last image with a topic that was not there before; patterns resolved against an older one are old. */
  topicsCreatedVersion: number;
}

export function newGroupState(): GroupState {
  return {
    groups: new Map(),
    offsets: new OffsetTable(),
    openTransactions: new Map(),
    applied: 0,
    image: emptyImage,
    topicsVersion: -1,
    topicsCreatedVersion: -1,
  };
}

/** The only mutation of a {@link GroupState}. */
export function applyGroupRecord(state: GroupState, record: GroupRecord, undo?: UndoLog): void {
  state.applied += 1;
  undo?.push(() => {
    state.applied -= 1;
  });
  switch (record.kind) {
    case 'offset':
      applyOffset(state, record, undo);
      break;
    case 'group':
      applyGroup(state, record.groupId, record.value, undo);
      break;
    case 'patch':
    case 'metadata':
    case 'refresh':
    case 'resolving':
    case 'streams-change':
      applyTransient(state, record, undo);
      break;
    case 'end-of-transaction':
      applyEndOfTransaction(state, record.producerId, record.committed, undo);
      break;
    case 'consumer-group':
    case 'consumer-topics':
    case 'consumer-member':
    case 'consumer-target':
    case 'consumer-member-target':
    case 'consumer-member-current':
    case 'consumer-regex':
      applyConsumer(state, record, undo);
      break;
    case 'share-group':
    case 'share-member':
    case 'share-target':
    case 'share-member-target':
    case 'share-member-current':
    case 'share-partitions':
      applyShare(state, record, undo);
      break;
    case 'streams-group':
    case 'streams-topology':
    case 'streams-member':
    case 'streams-target':
    case 'streams-member-target':
    case 'streams-member-current':
      applyStreams(state, record, undo);
      break;
    default:
      unreachable(record);
  }
}

function applyTransient(state: GroupState, record: TransientRecord, undo?: UndoLog): void {
  switch (record.kind) {
    case 'patch':
      applyPatch(state, record.patch, undo);
      break;
    case 'metadata':
      state.image = record.image;
      if (record.topicsCreated) state.topicsCreatedVersion = record.image.version;
      if (record.topicsChanged) state.topicsVersion = record.image.version;
      break;
    case 'refresh':
      modernOf(state.groups.get(record.groupId))?.changeHead({ refresh: record.refresh }, undo);
      break;
    case 'resolving':
      consumerOf(state.groups.get(record.groupId))?.changeVolatile({ resolving: record.resolving }, undo);
      break;
    case 'streams-change':
      streamsOf(state.groups.get(record.groupId))?.changeHead(record.change, undo);
      break;
  }
}

/** Records make a group when it is not there, and take the place of one that only held offsets; tombstones do neither. */
function applyConsumer(state: GroupState, record: ConsumerGroupRecord, undo?: UndoLog): void {
  const { groupId } = record;
  let group = consumerOf(state.groups.get(groupId));
  if (group === undefined) {
    if (record.value === undefined) return;
    group = ConsumerGroup.create(groupId);
    setGroup(state, groupId, group, undo);
  }
  if (record.kind === 'consumer-group' && record.value === undefined) setGroup(state, groupId, undefined, undo);
  else group.apply(record, undo);
}

function applyShare(state: GroupState, record: ShareGroupRecord, undo?: UndoLog): void {
  const { groupId } = record;
  let group = shareOf(state.groups.get(groupId));
  if (group === undefined) {
    if (record.value === undefined) return;
    group = ShareGroup.create(groupId);
    setGroup(state, groupId, group, undo);
  }
  if (record.kind === 'share-group' && record.value === undefined) setGroup(state, groupId, undefined, undo);
  else group.apply(record, undo);
}

function applyStreams(state: GroupState, record: StreamsGroupRecord, undo?: UndoLog): void {
  const { groupId } = record;
  let group = streamsOf(state.groups.get(groupId));
  if (group === undefined) {
    if (record.value === undefined) return;
    group = StreamsGroup.create(groupId);
    setGroup(state, groupId, group, undo);
  }
  if (record.kind === 'streams-group' && record.value === undefined) setGroup(state, groupId, undefined, undo);
  else group.apply(record, undo);
}

function applyOffset(state: GroupState, record: GroupRecord & { kind: 'offset' }, undo?: UndoLog): void {
  const { groupId, topic, partition, committed, producerId } = record;
  if (committed === undefined) {
    state.offsets.set(groupId, topic, partition, undefined, undo);
    for (const open of state.openTransactions.values()) open.set(groupId, topic, partition, undefined, undo);
    return;
  }
  // Offsets without a group are those of a consumer that manages its partitions itself: an empty group without protocol type.
  if (!state.groups.has(groupId)) setGroup(state, groupId, ClassicGroup.create(groupId, -1), undo);
  const stored: StoredOffset = { ...committed, order: state.applied };
  if (producerId === -1) {
    state.offsets.set(groupId, topic, partition, stored, undo);
    return;
  }
  let open = state.openTransactions.get(producerId);
  if (open === undefined) {
    open = new OffsetTable();
    state.openTransactions.set(producerId, open);
    undo?.push(() => state.openTransactions.delete(producerId));
  }
  open.set(groupId, topic, partition, stored, undo);
}

function applyEndOfTransaction(state: GroupState, producerId: number, committed: boolean, undo?: UndoLog): void {
  const open = state.openTransactions.get(producerId);
  if (open === undefined) return;
  state.openTransactions.delete(producerId);
  undo?.push(() => state.openTransactions.set(producerId, open));
  if (!committed) return;
  for (const groupId of open.groupIds())
    for (const [topic, partitions] of open.topicsOf(groupId) ?? [])
      for (const [partition, stored] of partitions) {
        // A plain commit that came after the transactional one wins, whenever the transaction ends.
        const existing = state.offsets.get(groupId, topic, partition);
        if (existing === undefined || existing.order < stored.order)
          state.offsets.set(groupId, topic, partition, stored, undo);
      }
}

function applyPatch(state: GroupState, patch: GroupPatch, undo?: UndoLog): void {
  let group = classicOf(state.groups.get(patch.groupId));
  if (group === undefined) {
    group = ClassicGroup.create(patch.groupId, -1);
    setGroup(state, patch.groupId, group, undo);
  }
  const target = group;
  const inverse = target.apply(patch);
  undo?.push(() => target.apply(inverse));
}

function setGroup(state: GroupState, groupId: string, group: Group | undefined, undo?: UndoLog): void {
  const before = state.groups.get(groupId);
  if (group === undefined) state.groups.delete(groupId);
  else state.groups.set(groupId, group);
  undo?.push(() => setGroup(state, groupId, before));
}

/**
 * A group record holds a generation that was completed: Stable with members, Empty without. Of members that are known already
 * it leaves alone what no record holds (who waits, the protocols not chosen), so it does the same live and at load.
 */
function applyGroup(state: GroupState, groupId: string, value: GroupMetadataValue | undefined, undo?: UndoLog): void {
  if (value === undefined) {
    if (state.groups.has(groupId)) setGroup(state, groupId, undefined, undo);
    return;
  }
  const known = classicOf(state.groups.get(groupId));
  const draft = (known ?? ClassicGroup.create(groupId, -1)).draft();
  const recorded = new Set(value.members.map((member) => member.memberId));
  for (const { memberId } of [...draft.members()]) if (!recorded.has(memberId)) draft.remove(memberId);
  for (const member of value.members)
    draft.setMember(mergeMember(draft.member(member.memberId), member, value.protocol));
  const protocolType = value.protocolType === '' ? null : value.protocolType;
  draft.head = {
    groupId,
    phase: value.members.length === 0 ? 'Empty' : 'Stable',
    initialRebalance: false,
    memberAddedInDelay: false,
    phaseSinceMs: value.currentStateTimestamp,
    protocolType,
    protocolName: value.protocol,
    generationId: value.generation,
    leaderId: value.leader,
    subscribedTopics: draft.readSubscriptions(protocolType, value.protocol),
  };
  const patch = draft.patch();
  if (patch !== undefined) applyPatch(state, patch, undo);
}

function mergeMember(
  known: Member | undefined,
  recorded: GroupMetadataValue['members'][number],
  protocol: string | null,
): Member {
  const name = protocol ?? '';
  const knownMetadata = known === undefined ? undefined : metadataOf(known, name);
  const keeps = known !== undefined && knownMetadata !== undefined && sameBytes(knownMetadata, recorded.subscription);
  return {
    memberId: recorded.memberId,
    groupInstanceId: recorded.groupInstanceId,
    clientId: recorded.clientId,
    clientHost: recorded.clientHost,
    rebalanceTimeoutMs: recorded.rebalanceTimeout === -1 ? recorded.sessionTimeout : recorded.rebalanceTimeout,
    sessionTimeoutMs: recorded.sessionTimeout,
    protocols: keeps ? known.protocols : [{ name, metadata: recorded.subscription }],
    assignment: recorded.assignment,
    joining: known?.joining,
    syncing: known?.syncing,
    isNew: known?.isNew ?? false,
    owesSync: known?.owesSync ?? false,
  };
}
