import { throwFirst } from '../../../client/index.js';
import { type TopicPartition, topicPartitionName } from '../../../common/ids.js';
import type { CliCommand } from '../../command.js';
import { NotFoundError, UsageError } from '../../exit_codes.js';
import type { Session } from '../../session.js';
import { collected, pointInTime } from '../../values.js';
import {
  newOffsets,
  oneTarget,
  partitionsOfTopics,
  type ResetTarget,
  reportReset,
  type TargetFlags,
} from '../groups/reset_offsets.js';

export interface ResetShareOffsetsOptions {
  readonly group: string;
  /** Empty: every topic the group has a state of. */
  readonly topics: readonly string[];
  readonly target: ResetTarget;
  readonly dryRun: boolean;
}

interface Flags extends Pick<TargetFlags, 'toEarliest' | 'toLatest' | 'toTime'> {
  readonly topic?: readonly string[];
  readonly allTopics?: boolean;
  readonly dryRun?: boolean;
}

export const resetShareOffsets: CliCommand<ResetShareOffsetsOptions> = {
  name: 'reset-offsets',
  define: (command) =>
    command
      .description('have a share group without members go on somewhere else')
      .argument('<group>', 'its name')
      .option('-t, --topic <topic>', 'a topic, may be repeated', collected)
      .option('--all-topics', 'every topic the group has read')
      .option('--to-earliest', 'at the first record that is kept')
      .option('--to-latest', 'at the end')
      .option('--to-time <time>', 'at the first record at or after a date or milliseconds', pointInTime)
      .option('-n, --dry-run', 'show what would be, change nothing'),
  read: (command) => {
    const flags = command.opts<Flags>();
    const topics = flags.topic ?? [];
    if ((topics.length === 0) === (flags.allTopics !== true))
      throw new UsageError('give either --topic or --all-topics');
    const [group = ''] = command.args;
    return {
      group,
      topics,
      target: oneTarget(flags, '--to-earliest, --to-latest, --to-time'),
      dryRun: flags.dryRun ?? false,
    };
  },
  run: async (options, session) => {
    const { group, dryRun, target } = options;
    const { admin } = session;
    const known = await admin.shareGroupOffsets(group);
    const before = new Map(known.map((one) => [topicPartitionName(one.topic, one.partition), one.startOffset]));
    const partitions = await choosePartitions(options, known, session);
    const offsets = await newOffsets(session, partitions, target, new Map());
    if (!dryRun)
      throwFirst(
        await admin.alterShareGroupOffsets(
          group,
          offsets.map(({ topic, partition, offset }) => ({ topic, partition, startOffset: offset })),
        ),
      );
    await reportReset(session, options, before, offsets);
  },
};

async function choosePartitions(
  { group, topics }: ResetShareOffsetsOptions,
  known: readonly TopicPartition[],
  session: Session,
): Promise<readonly TopicPartition[]> {
  if (topics.length > 0) return partitionsOfTopics(session, topics, []);
  if (known.length === 0) throw new NotFoundError(`share group ${group} has not read anything`);
  return known;
}
