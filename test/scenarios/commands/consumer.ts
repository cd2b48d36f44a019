import { errorName } from '../../../src/protocol/errors.js';
import type { Body } from '../../compat/coordinators/connection.js';
import { type Command, type Commands, parsePartition, showAssigned } from '../broker_command.js';
import { type Stage, withError } from '../broker_runner.js';

// Consumer groups (KIP-848). A member is its name. `owns` reports everything that was assigned last.

type Assigned = Parameters<typeof showAssigned>[0];

/** The fields of a heartbeat that name what a member wants. */
function wants({ options }: Command, stage: Stage): Body {
  const topics = options.get('topics')?.split(',');
  const [regex, instanceId, rackId] = ['regex', 'instance', 'rack'].map((name) => options.get(name));
  return {
    ...(topics === undefined ? {} : { subscribedTopicNames: topics.map((name) => stage.topic(name)) }),
    ...(regex === undefined ? {} : { subscribedTopicRegex: stage.topic(regex) }),
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(rackId === undefined ? {} : { rackId }),
    ...(options.has('assignor') ? { serverAssignor: options.get('assignor') } : {}),
  };
}

async function beat(command: Command, stage: Stage): Promise<string[]> {
  const { first: memberId, names, options } = command;
  const known = stage.actor(memberId);
  known.group = options.get('group') ?? known.group ?? 'g';
  const memberEpoch = Number(options.get('epoch') ?? known.epoch ?? 0);
  const reports = names.includes('owns') || memberEpoch === 0;
  const answer = await stage.on.send(memberId, 'ConsumerGroupHeartbeat', 1, {
    groupId: stage.topic(String(known.group)),
    memberId,
    memberEpoch,
    ...(memberEpoch === 0 ? { rebalanceTimeoutMs: 30_000 } : {}),
    ...wants(command, stage),
    ...(reports ? { topicPartitions: memberEpoch === 0 ? [] : (known.assigned ?? []) } : {}),
  });
  if (answer.errorCode !== 0) return [withError(answer)];
  known.epoch = answer.memberEpoch;
  const assignment = answer.assignment as { topicPartitions: Assigned } | null;
  if (assignment !== null) known.assigned = assignment.topicPartitions;
  const shown = assignment === null ? undefined : showAssigned(assignment.topicPartitions, stage);
  return [withError(answer, `epoch=${String(answer.memberEpoch)}`, shown)];
}

async function leave({ first: memberId, names, options }: Command, stage: Stage): Promise<string[]> {
  const known = stage.actor(memberId);
  const memberEpoch = names.includes('for-a-while') ? -2 : -1;
  const groupId = stage.topic(String(known.group));
  const instanceId = options.get('instance') ?? null;
  const answer = await stage.on.send(memberId, 'ConsumerGroupHeartbeat', 1, {
    groupId,
    memberId,
    memberEpoch,
    instanceId,
  });
  known.epoch = 0;
  return [withError(answer, answer.errorCode === 0 ? `epoch=${String(answer.memberEpoch)}` : undefined)];
}

interface Described extends Body {
  readonly members: ReadonlyArray<{
    readonly memberId: string;
    readonly memberEpoch: number;
    readonly instanceId: string | null;
    readonly assignment: { readonly topicPartitions: Assigned };
    readonly targetAssignment: { readonly topicPartitions: Assigned };
  }>;
}

async function describe({ names }: Command, stage: Stage): Promise<string[]> {
  const groupIds = names.map((name) => stage.topic(name));
  const answer = await stage.on.send('admin', 'ConsumerGroupDescribe', 1, { groupIds });
  return (answer.groups as Described[]).flatMap((group) => {
    const { groupState, groupEpoch, assignmentEpoch, assignorName, members } = group;
    const head = `${stage.short(String(group.groupId))} ${withError(group, group.errorCode === 0 ? `${String(groupState)} epoch=${String(groupEpoch)} assignment=${String(assignmentEpoch)} ${String(assignorName)}` : undefined)}`;
    const rest = members.map((member) => {
      const who = member.instanceId === null ? member.memberId : `${member.memberId}@${member.instanceId}`;
      const has = showAssigned(member.assignment.topicPartitions, stage);
      return `  ${who} epoch=${member.memberEpoch} has ${has}, shall have ${showAssigned(member.targetAssignment.topicPartitions, stage)}`;
    });
    return [head, ...rest.sort()];
  });
}

/** `commit alice t/0=5 [epoch=3]`: as the member it is. */
async function commit({ first: memberId, options }: Command, stage: Stage): Promise<string[]> {
  const known = stage.actor(memberId);
  const topics = [...options]
    .filter(([name]) => name.includes('/'))
    .map(([word, offset]) => {
      const { name, partition } = parsePartition(word);
      const partitions = [{ partitionIndex: partition, committedOffset: Number(offset), committedMetadata: '' }];
      return { name: stage.topic(name), partitions };
    });
  const answer = await stage.on.send(memberId, 'OffsetCommit', 9, {
    groupId: stage.topic(String(known.group ?? 'g')),
    generationIdOrMemberEpoch: Number(options.get('epoch') ?? known.epoch),
    memberId,
    topics,
  });
  const said = (
    answer.topics as Array<{ name: string; partitions: Array<{ partitionIndex: number; errorCode: number }> }>
  ).flatMap(({ name, partitions }) =>
    partitions.map((one) => `${stage.short(name)}/${one.partitionIndex}=${errorName(one.errorCode)}`),
  );
  return [said.sort().join(' ')];
}

interface Fetched {
  readonly name: string;
  readonly partitions: ReadonlyArray<{
    readonly partitionIndex: number;
    readonly committedOffset: number;
    readonly errorCode: number;
  }>;
}

async function offsets({ first, names }: Command, stage: Stage): Promise<string[]> {
  const groups = [{ groupId: stage.topic(first), topics: null }];
  const answer = await stage.on.send('admin', 'OffsetFetch', 8, { groups, requireStable: names.includes('stable') });
  const [group] = answer.groups as Array<Body & { topics: Fetched[] }>;
  const found = (group?.topics ?? []).flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, committedOffset, errorCode }) => {
      const error = errorCode === 0 ? '' : `(${errorName(errorCode)})`;
      return `${stage.short(name)}/${partitionIndex}=${committedOffset}${error}`;
    }),
  );
  return [withError(group ?? {}, found.sort().join(' ') || '-')];
}

export const consumerCommands: Commands = {
  beat,
  leave,
  'describe-consumer': describe,
  commit,
  offsets,
};
