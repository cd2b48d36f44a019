import type { Uuid } from '../../common/ids.js';

/** A partition as one share group reads it. */
export interface SharePartitionId {
  readonly groupId: string;
  readonly topicId: Uuid;
  readonly partition: number;
}

/** Also what Kafka hashes to find the partition of `__share_group_state`, and what FindCoordinator takes. */
export function shareKeyOf({ groupId, topicId, partition }: SharePartitionId): string {
  return `${groupId}:${topicId}:${partition}`;
}

const topicIdPattern = /^[A-Za-z0-9_-]{22}$/;

/** Undefined for what is no key: `group:topicId:partition`, all of them there. The group may have colons in it. */
export function parseShareKey(key: string): SharePartitionId | undefined {
  const [, groupId = '', topicId = '', partition = ''] = /^(.+):([^:]+):(\d{1,9})$/s.exec(key) ?? [];
  if (groupId.trim() === '' || !topicIdPattern.test(topicId)) return undefined;
  return { groupId, topicId: topicId as Uuid, partition: Number(partition) };
}
