import type { Uuid } from '../../common/ids.js';
import type { Assignment } from '../modern/assignment.js';
import type { AssignorInput, AssignorMember } from '../modern/assignor.js';
import { hashMapOrder, javaUuidHash } from '../modern/java_order.js';

interface Range {
  readonly topicId: Uuid;
  readonly partitions: number;
  readonly minQuota: number;
  /** Members that get one more, the first ones. */
  extra: number;
  next: number;
}

/**
 * Of each topic one range of partitions to each member subscribed to it, in the order of the members: those with an instance id
 * first, by it, then the others by member id. Topics with the same partitions go to the same members. Costs members × topics.
 */
export function rangeAssignor({ members, partitionCount }: AssignorInput): ReadonlyMap<string, Assignment> {
  const sorted = [...members].sort(compareMembers);
  const subscribers = new Map<Uuid, number>();
  for (const { topicIds } of sorted)
    for (const topicId of topicIds) subscribers.set(topicId, (subscribers.get(topicId) ?? 0) + 1);
  const ranges = new Map<Uuid, Range>();
  for (const [topicId, of] of subscribers) {
    const partitions = partitionCount(topicId);
    ranges.set(topicId, {
      topicId,
      partitions,
      minQuota: Math.floor(partitions / of),
      extra: partitions % of,
      next: 0,
    });
  }
  return new Map(sorted.map((member) => [member.memberId, takeRanges(member, ranges)]));
}

function takeRanges({ topicIds }: AssignorMember, ranges: ReadonlyMap<Uuid, Range>): Assignment {
  const taken = new Map<Uuid, number[]>();
  for (const topicId of topicIds) {
    const range = ranges.get(topicId);
    if (range === undefined) continue;
    const start = range.next;
    const quota = range.minQuota + (range.extra > 0 ? 1 : 0);
    if (range.extra > 0) range.extra -= 1;
    range.next = Math.min(start + quota, range.partitions);
    if (start < range.next)
      taken.set(
        topicId,
        Array.from({ length: range.next - start }, (_, i) => start + i),
      );
  }
  return new Map(hashMapOrder([...taken], ([topicId]) => javaUuidHash(topicId)));
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function compareMembers(a: AssignorMember, b: AssignorMember): number {
  if (a.instanceId !== null && b.instanceId !== null) return compareText(a.instanceId, b.instanceId);
  if (a.instanceId !== null) return -1;
  if (b.instanceId !== null) return 1;
  return compareText(a.memberId, b.memberId);
}
