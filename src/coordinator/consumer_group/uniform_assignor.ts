import type { Uuid } from '../../common/ids.js';
import type { Assignment } from '../modern/assignment.js';
import type { AssignorInput, AssignorMember } from '../modern/assignor.js';
import { hashMapOrder, javaUuidHash, partitionOrder } from '../modern/java_order.js';
import { assignHeterogeneous } from './uniform_heterogeneous.js';

interface Spare {
  readonly topicId: Uuid;
  readonly partition: number;
}

/**
 * Everybody has as many partitions as anybody else, or one more, and keeps what it has as far as that allows. Costs
 * members + partitions for a group whose members are all subscribed to the same topics.
 */
export function uniformAssignor(input: AssignorInput): ReadonlyMap<string, Assignment> {
  const [first] = input.members;
  if (first === undefined) return new Map();
  return input.subscriptionType === 'homogeneous' ? assignHomogeneous(input, first) : assignHeterogeneous(input);
}

function assignHomogeneous(input: AssignorInput, first: AssignorMember): ReadonlyMap<string, Assignment> {
  const topicIds = new Set(hashMapOrder([...first.topicIds], javaUuidHash));
  if (topicIds.size === 0) return new Map();
  const spare: Spare[] = [];
  let total = 0;
  const taken = takenPartitions(input.members);
  for (const topicId of topicIds) {
    const partitions = input.partitionCount(topicId);
    const of = taken.get(topicId);
    for (let partition = 0; partition < partitions; partition += 1)
      if (of?.has(partition) !== true) spare.push({ topicId, partition });
    total += partitions;
  }
  const targets = new Map<string, Map<Uuid, readonly number[]>>();
  const unfilled = revoke(input.members, topicIds, total, targets, spare);
  let next = 0;
  for (const { memberId, room } of unfilled) {
    const target = targets.get(memberId);
    const upTo = Math.min(next + room, spare.length);
    const gained = new Map<Uuid, number[]>();
    for (; next < upTo; next += 1) {
      const one = spare[next];
      if (one === undefined) break;
      const of = gained.get(one.topicId);
      if (of === undefined) gained.set(one.topicId, [one.partition]);
      else of.push(one.partition);
    }
    for (const [topicId, partitions] of gained)
      target?.set(topicId, partitionOrder([...(target.get(topicId) ?? []), ...partitions]));
  }
  return new Map([...targets].map(([memberId, target]) => [memberId, inOrder(target)]));
}

/** Topics in the order of Java's maps. */
export function inOrder(target: ReadonlyMap<Uuid, readonly number[]>): Assignment {
  return target.size < 2 ? target : new Map(hashMapOrder([...target], ([topicId]) => javaUuidHash(topicId)));
}

function takenPartitions(members: readonly AssignorMember[]): ReadonlyMap<Uuid, ReadonlySet<number>> {
  const taken = new Map<Uuid, Set<number>>();
  for (const { assigned } of members)
    for (const [topicId, partitions] of assigned) {
      const of = taken.get(topicId) ?? new Set<number>();
      if (of.size === 0) taken.set(topicId, of);
      for (const partition of partitions) of.add(partition);
    }
  return taken;
}

/** Leaves each member what it may keep; gives those with room for more, in order. What is above the quota goes to `spare`. */
function revoke(
  members: readonly AssignorMember[],
  topicIds: ReadonlySet<Uuid>,
  total: number,
  targets: Map<string, Map<Uuid, readonly number[]>>,
  spare: Spare[],
): Array<{ readonly memberId: string; readonly room: number }> {
  const minQuota = Math.floor(total / members.length);
  let extras = total % members.length;
  const unfilled: Array<{ memberId: string; room: number }> = [];
  members.forEach(({ memberId, assigned }, index) => {
    const target = new Map<Uuid, readonly number[]>();
    let hasExtra = extras > 0;
    let quota = minQuota + (hasExtra ? 1 : 0);
    for (const [topicId, partitions] of assigned) {
      if (!topicIds.has(topicId)) continue;
      const kept = partitions.slice(0, quota);
      for (const partition of partitions.slice(quota)) spare.push({ topicId, partition });
      quota -= kept.length;
      if (kept.length > 0) target.set(topicId, kept.length === partitions.length ? partitions : kept);
    }
    // A member that does not fill its extra place leaves it to a later one, as long as there are enough of those.
    if (quota > 0 && hasExtra && members.length - index > extras) {
      quota -= 1;
      hasExtra = false;
    }
    if (quota > 0) unfilled.push({ memberId, room: quota });
    if (hasExtra) extras -= 1;
    targets.set(memberId, target);
  });
  return unfilled;
}
