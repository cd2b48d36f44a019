import { errorName } from '../../../src/protocol/errors.js';
import type { Body } from '../../compat/coordinators/connection.js';
import { type Commands, parsePartition, showAssigned } from '../broker_command.js';
import { withError } from '../broker_runner.js';

// Share groups (KIP-932). A member is its name; it has one session, of the partition it fetched first.

type Assigned = Parameters<typeof showAssigned>[0];
const types: Readonly<Record<string, number>> = { gap: 0, accept: 1, release: 2, reject: 3, renew: 4 };

interface FetchedTopic {
  readonly partitions: ReadonlyArray<{
    readonly errorCode: number;
    readonly acquiredRecords: ReadonlyArray<{ firstOffset: number; lastOffset: number; deliveryCount: number }>;
  }>;
}

export const shareCommands: Commands = {
  'share-beat': async ({ first: memberId, names, options }, stage) => {
    const known = stage.actor(memberId);
    known.group = options.get('group') ?? known.group ?? 'g';
    const memberEpoch = names.includes('leaves') ? -1 : Number(options.get('epoch') ?? known.epoch ?? 0);
    const topics = options.get('topics')?.split(',');
    const answer = await stage.on.send(memberId, 'ShareGroupHeartbeat', 1, {
      groupId: stage.topic(String(known.group)),
      memberId,
      memberEpoch,
      ...(topics === undefined ? {} : { subscribedTopicNames: topics.map((name) => stage.topic(name)) }),
    });
    if (answer.errorCode !== 0) return [withError(answer)];
    known.epoch = answer.memberEpoch;
    const assignment = answer.assignment as { topicPartitions: Assigned } | null;
    const shown = assignment === null ? undefined : showAssigned(assignment.topicPartitions, stage);
    return [withError(answer, `epoch=${String(answer.memberEpoch)}`, shown)];
  },

  /** `share-fetch bob t/0 [records=5]`: offsets, and the how-manieth delivery it is. */
  'share-fetch': async ({ first: memberId, names, options }, stage) => {
    const known = stage.actor(memberId);
    const epoch = Number(known.session ?? 0);
    const { name, partition } = parsePartition(String(known.reads ?? names[1]));
    known.reads = `${name}/${partition}`;
    const topicId = await stage.topicId(name);
    const body = {
      groupId: stage.topic(String(known.group)),
      memberId,
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1_000_000,
      maxRecords: Number(options.get('records') ?? 100),
      batchSize: 100,
    };
    const fetch = (shareSessionEpoch: number, topics: object[]) =>
      stage.on.send(memberId, 'ShareFetch', 1, { ...body, shareSessionEpoch, topics });
    const answer = await fetch(epoch, epoch === 0 ? [{ topicId, partitions: [{ partitionIndex: partition }] }] : []);
    if (answer.errorCode !== 0) return [withError(answer)];
    known.session = epoch + 1;
    const found = (answer.responses as FetchedTopic[]).flatMap(({ partitions }) =>
      partitions.flatMap(({ errorCode, acquiredRecords }) =>
        errorCode === 0
          ? acquiredRecords.map((one) => `${one.firstOffset}-${one.lastOffset} x${one.deliveryCount}`)
          : [errorName(errorCode)],
      ),
    );
    return [found.join(', ') || 'nothing'];
  },

  /** `share-ack bob accept=0-3 release=4-4`. */
  'share-ack': async ({ first: memberId, options }, stage) => {
    const known = stage.actor(memberId);
    const { name, partition } = parsePartition(String(known.reads));
    const acknowledgementBatches = [...options].map(([type, offsets]) => {
      const [firstOffset = 0, lastOffset = firstOffset] = offsets.split('-').map(Number);
      return { firstOffset, lastOffset, acknowledgeTypes: [types[type] ?? 0] };
    });
    const partitions = [{ partitionIndex: partition, acknowledgementBatches }];
    const epoch = Number(known.session ?? 0);
    const answer = await stage.on.send(memberId, 'ShareAcknowledge', 1, {
      groupId: stage.topic(String(known.group)),
      memberId,
      shareSessionEpoch: epoch,
      topics: [{ topicId: await stage.topicId(name), partitions }],
    });
    if (answer.errorCode !== 0) return [withError(answer)];
    known.session = epoch + 1;
    const said = (answer.responses as Array<{ partitions: Body[] }>).flatMap((one) =>
      one.partitions.map((p) => withError(p)),
    );
    return [said.join(' ')];
  },

  'describe-share': async ({ names }, stage) => {
    const groupIds = names.map((name) => stage.topic(name));
    const answer = await stage.on.send('admin', 'ShareGroupDescribe', 1, { groupIds });
    return (answer.groups as Array<Body & { members: Body[] }>).flatMap((group) => {
      const what = `${String(group.groupState)} epoch=${String(group.groupEpoch)} assignment=${String(group.assignmentEpoch)}`;
      const head = `${stage.short(String(group.groupId))} ${withError(group, group.errorCode === 0 ? what : undefined)}`;
      const rest = group.members.map(({ memberId, memberEpoch, assignment }) => {
        const has = showAssigned((assignment as { topicPartitions: Assigned }).topicPartitions, stage);
        return `  ${String(memberId)} epoch=${String(memberEpoch)} has ${has}`;
      });
      return [head, ...rest.sort()];
    });
  },

  /** Where the group is in each partition, and how much is left. */
  'share-offsets': async ({ first }, stage) => {
    const body = { groups: [{ groupId: stage.topic(first), topics: null }] };
    const answer = await stage.on.send('admin', 'DescribeShareGroupOffsets', 1, body);
    const [group] = answer.groups as Array<Body & { topics: Array<{ topicName: string; partitions: Body[] }> }>;
    const found = (group?.topics ?? []).flatMap(({ topicName, partitions }) =>
      partitions.map(
        (p) =>
          `${stage.short(topicName)}/${String(p.partitionIndex)} ${withError(p, `start=${String(p.startOffset)} lag=${String(p.lag)}`)}`,
      ),
    );
    return [withError(group ?? {}, found.sort().join(', ') || '-')];
  },
};
