import { type TopicPartition, topicPartitionName } from '../../../common/ids.js';
import type { CliCommand } from '../../command.js';
import { NotFoundError, UsageError } from '../../exit_codes.js';
import { reportOutcomes } from '../../outcomes.js';
import type { Session } from '../../session.js';
import { collected, partitionList } from '../../values.js';

export interface DeleteOffsetsOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** Empty: every partition that the group has an offset of. */
  readonly partitions: readonly number[];
}

interface Flags {
  readonly topic?: readonly string[];
  readonly partition?: readonly number[];
}

export const deleteOffsets: CliCommand<DeleteOffsetsOptions> = {
  name: 'delete-offsets',
  define: (command) =>
    command
      .description('have a group forget its offsets of topics that none of its members reads')
      .argument('<group>', 'its name')
      .option('-t, --topic <topic>', 'a topic, may be repeated', collected)
      .option('-p, --partition <list>', 'only these partitions: 0,2 or 0-3', partitionList),
  read: (command) => {
    const { topic: topics = [], partition: partitions = [] } = command.opts<Flags>();
    if (topics.length === 0) throw new UsageError('give at least one --topic');
    const [group = ''] = command.args;
    return { group, topics, partitions };
  },
  run: async (options, session) => {
    const { group } = options;
    const outcomes = await session.admin.deleteGroupOffsets(group, await partitionsOf(options, session));
    await reportOutcomes(session, outcomes, ({ name }) => `group ${group} has forgotten its offset of ${name}`);
  },
};

async function partitionsOf(options: DeleteOffsetsOptions, { admin }: Session): Promise<readonly TopicPartition[]> {
  const { group, topics, partitions } = options;
  const held = await admin.fetchGroupOffsets(group);
  if (held.length === 0 && !(await admin.listGroups()).some(({ groupId }) => groupId === group))
    throw new NotFoundError(`group ${group} does not exist`);
  const wanted = topics.flatMap((topic) => {
    const ofTopic = held.filter((one) => one.topic === topic);
    return partitions.length === 0 ? ofTopic : partitions.map((partition) => ({ topic, partition }));
  });
  const isHeld = (one: TopicPartition) => held.some((h) => h.topic === one.topic && h.partition === one.partition);
  const missing = [
    ...topics.filter((topic) => !wanted.some((one) => one.topic === topic)),
    ...wanted.filter((one) => !isHeld(one)).map(({ topic, partition }) => topicPartitionName(topic, partition)),
  ];
  if (missing.length > 0) throw new NotFoundError(`group ${group} has no offsets of ${missing.join(', ')}`);
  return wanted;
}
