import { ConsumerGroup } from '../consumer_group/group.js';
import { consumerTombstones } from '../consumer_group/tombstones.js';
import { ShareGroup } from '../share_group/group.js';
import { shareTombstones } from '../share_group/tombstones.js';
import { StreamsGroup } from '../streams_group/group.js';
import { streamsTombstones } from '../streams_group/tombstones.js';
import { ClassicGroup } from './classic_group.js';
import type { GroupRecord } from './records.js';

/** A group of whatever protocol; `type` tells which, and is what ListGroups calls it. */
export type Group = ClassicGroup | ConsumerGroup | ShareGroup | StreamsGroup;
export type GroupType = Group['type'];

/** What a group's state is called in ListGroups and in its filters. */
export function stateOf(group: Group): string {
  return group.type === 'classic' ? group.phase : group.state;
}

export function protocolTypeOf(group: Group): string {
  switch (group.type) {
    case 'classic':
      return group.head.protocolType ?? '';
    case 'consumer':
    case 'share':
    case 'streams':
      return group.type;
  }
}

/** The records that end a group without members. */
export function tombstonesOf(group: Group): GroupRecord[] {
  switch (group.type) {
    case 'classic':
      return [{ kind: 'group', groupId: group.groupId, value: undefined }];
    case 'consumer':
      return consumerTombstones(group);
    case 'share':
      return shareTombstones(group);
    case 'streams':
      return streamsTombstones(group);
  }
}

/** Undefined for no group, and for one of another kind. */
export function classicOf(group: Group | undefined): ClassicGroup | undefined {
  return group instanceof ClassicGroup ? group : undefined;
}

export function consumerOf(group: Group | undefined): ConsumerGroup | undefined {
  return group instanceof ConsumerGroup ? group : undefined;
}

export function shareOf(group: Group | undefined): ShareGroup | undefined {
  return group instanceof ShareGroup ? group : undefined;
}

/** Groups whose assignments are computed here. */
export function modernOf(group: Group | undefined): ConsumerGroup | ShareGroup | undefined {
  return consumerOf(group) ?? shareOf(group);
}

export function streamsOf(group: Group | undefined): StreamsGroup | undefined {
  return group instanceof StreamsGroup ? group : undefined;
}
