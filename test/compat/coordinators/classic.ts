import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from '../../../src/protocol/data/consumer_protocol.js';
import { Writer } from '../../../src/protocol/writer.js';
import type { Body, Connections } from './connection.js';

export interface ClassicMember {
  readonly client: string;
  readonly instance?: string;
}

export function subscriptionTo(...names: string[]): Buffer {
  const writer = new Writer();
  writer.int16(1);
  ConsumerProtocolSubscription.encode(writer, 1, { topics: names, ownedPartitions: [] });
  return Buffer.from(writer.bytes());
}

/** The partitions of `a` that are the n-th one's of so many. */
function shareOf(n: number, of: number): Buffer {
  const writer = new Writer();
  writer.int16(1);
  const partitions = [0, 1, 2].filter((partition) => partition % of === n);
  ConsumerProtocolAssignment.encode(writer, 1, { assignedPartitions: [{ topic: 'a', partitions }] });
  return Buffer.from(writer.bytes());
}

const named = ({ instance }: ClassicMember): object => (instance === undefined ? {} : { groupInstanceId: instance });

function join(on: Connections, group: string, member: ClassicMember, memberId: string): Promise<Body> {
  return on.send(member.client, 'JoinGroup', 9, {
    groupId: group,
    sessionTimeoutMs: 45_000,
    rebalanceTimeoutMs: 60_000,
    memberId,
    ...named(member),
    protocolType: 'consumer',
    protocols: [
      { name: 'range', metadata: subscriptionTo('a') },
      { name: 'roundrobin', metadata: subscriptionTo('a', 'b') },
    ],
    reason: null,
  });
}

function sync(
  on: Connections,
  group: string,
  member: ClassicMember,
  joined: Body,
  assignments: object[],
): Promise<Body> {
  return on.until(member.client, 'SyncGroup', 5, {
    groupId: group,
    generationId: joined.generationId,
    memberId: joined.memberId,
    ...named(member),
    protocolType: 'consumer',
    protocolName: joined.protocolName,
    assignments,
  });
}

/** One after the other joins, then all of them again: a group with a leader, assignments, and a generation per member. */
export async function formGroup(on: Connections, group: string, ...members: ClassicMember[]): Promise<Body[]> {
  const ids: string[] = [];
  let joined: Body[] = [];
  for (const [n, member] of members.entries()) {
    const first = member.instance === undefined ? await join(on, group, member, '') : undefined;
    const own = join(on, group, member, String(first?.memberId ?? ''));
    // The others are asked to join again, and the last one waits for them.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const again = members.slice(0, n).map((other, i) => join(on, group, other, ids[i] ?? ''));
    joined = await Promise.all([...again, own]);
    ids.splice(0, ids.length, ...joined.map(({ memberId }) => String(memberId)));
    const shares = joined.map(({ memberId }, i) => ({ memberId, assignment: shareOf(i, joined.length) }));
    await Promise.all(
      joined.map((one, i) => {
        const who = members[i];
        if (who === undefined) throw new Error('more answers than members');
        return sync(on, group, who, one, one.leader === one.memberId ? shares : []);
      }),
    );
  }
  return joined;
}

export async function leave(on: Connections, group: string, client: string, memberId: unknown): Promise<void> {
  await on.until(client, 'LeaveGroup', 5, {
    groupId: group,
    members: [{ memberId, groupInstanceId: null, reason: null }],
  });
}

export interface Commit {
  readonly generation?: unknown;
  readonly memberId?: unknown;
  readonly instance?: string;
  readonly offsets: ReadonlyArray<readonly [topic: string, partition: number, offset: number, metadata: string]>;
}

export async function commit(
  on: Connections,
  groupId: string,
  { generation = -1, memberId = '', ...rest }: Commit,
): Promise<void> {
  await on.until('committer', 'OffsetCommit', 9, {
    groupId,
    generationIdOrMemberEpoch: generation,
    memberId,
    groupInstanceId: rest.instance ?? null,
    topics: rest.offsets.map(([name, partitionIndex, committedOffset, committedMetadata]) => ({
      name,
      partitions: [{ partitionIndex, committedOffset, committedLeaderEpoch: 0, committedMetadata }],
    })),
  });
}

export async function buildClassicGroups(on: Connections): Promise<void> {
  const [, second] = await formGroup(on, 'classic-stable', { client: 'one' }, { client: 'two', instance: 'instance' });
  await commit(on, 'classic-stable', {
    generation: second?.generationId,
    memberId: second?.memberId,
    instance: 'instance',
    offsets: [
      ['a', 0, 5, 'said'],
      ['b', 0, 7, ''],
    ],
  });
  const [only] = await formGroup(on, 'classic-empty', { client: 'three' });
  const { generationId: generation, memberId } = only ?? {};
  await commit(on, 'classic-empty', { generation, memberId, offsets: [['a', 2, 9, 'x']] });
  await leave(on, 'classic-empty', 'three', memberId);
  await commit(on, 'offsets-alone', {
    offsets: [
      ['a', 1, 1, ''],
      ['a', 1, 2, 'again'],
      ['b', 0, 0, 'ü'],
    ],
  });
  await commit(on, 'deleted', { offsets: [['a', 0, 3, '']] });
  await on.until('admin', 'DeleteGroups', 2, { groupsNames: ['deleted'] });
  await commit(on, 'offsets-deleted', {
    offsets: [
      ['a', 0, 3, ''],
      ['b', 0, 4, ''],
    ],
  });
  const offsets = [{ name: 'a', partitions: [{ partitionIndex: 0 }] }];
  await on.until('admin', 'OffsetDelete', 0, { groupId: 'offsets-deleted', topics: offsets });
}
