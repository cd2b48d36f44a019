import { hasCode, offsetSpec, throwFirst } from '../../../client/index.js';
import { unreachable } from '../../../common/assert.js';
import { type TopicPartition, topicPartitionName } from '../../../common/ids.js';
import type { CliCommand } from '../../command.js';
import { NotFoundError, UsageError } from '../../exit_codes.js';
import { messageOf } from '../../failures.js';
import { shareGroupsAmong } from '../../group_types.js';
import type { Session } from '../../session.js';
import { collected, partitionList, pointInTime, signedInteger, wholeNumber } from '../../values.js';

export type ResetTarget =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'time'; readonly timestampMs: number }
  | { readonly kind: 'shift'; readonly by: number };

export interface ResetOffsetsOptions {
  readonly group: string;
  /** Empty: every topic the group has offsets of. */
  readonly topics: readonly string[];
  /** Empty: every partition. */
  readonly partitions: readonly number[];
  readonly target: ResetTarget;
  readonly dryRun: boolean;
}

/** Where to, of which one is to be given. */
export interface TargetFlags {
  readonly toEarliest?: boolean;
  readonly toLatest?: boolean;
  readonly toOffset?: number;
  readonly toTime?: number;
  readonly shiftBy?: number;
}

interface Flags extends TargetFlags {
  readonly topic?: readonly string[];
  readonly allTopics?: boolean;
  readonly partition?: readonly number[];
  readonly dryRun?: boolean;
}

export const resetOffsets: CliCommand<ResetOffsetsOptions> = {
  name: 'reset-offsets',
  define: (command) =>
    command
      .description('move the committed offsets of a group without members')
      .argument('<group>', 'its name')
      .option('-t, --topic <topic>', 'a topic, may be repeated', collected)
      .option('--all-topics', 'every topic the group has offsets of')
      .option('-p, --partition <list>', 'only these partitions: 0,2 or 0-3', partitionList)
      .option('--to-earliest', 'to the first record that is kept')
      .option('--to-latest', 'to the end')
      .option('--to-offset <offset>', 'to an offset, or the nearest that exists', wholeNumber)
      .option('--to-time <time>', 'to the first record at or after a date or milliseconds', pointInTime)
      .option('--shift-by <count>', 'forwards, or with a minus backwards', signedInteger)
      .option('-n, --dry-run', 'show what would be, change nothing'),
  read: (command) => {
    const flags = command.opts<Flags>();
    const topics = flags.topic ?? [];
    if ((topics.length === 0) === (flags.allTopics !== true))
      throw new UsageError('give either --topic or --all-topics');
    const [group = ''] = command.args;
    const { partition: partitions = [], dryRun = false } = flags;
    return { group, topics, partitions, target: oneTarget(flags, targetChoices), dryRun };
  },
  run: async (options, session) => {
    const { group, dryRun, target } = options;
    const { admin } = session;
    if ((await shareGroupsAmong([group], session)).length > 0)
      throw new Error(`${group} is a share group; millrace share-groups reset-offsets moves it`);
    const committed = new Map(
      (await admin.fetchGroupOffsets(group)).map((one) => [topicPartitionName(one.topic, one.partition), one.offset]),
    );
    const partitions = await choosePartitions(options, session);
    const offsets = await newOffsets(session, partitions, target, committed);
    if (!dryRun) throwFirst(await whenNobodyReads(group, () => admin.alterGroupOffsets(group, offsets)));
    await reportReset(session, options, committed, offsets);
  },
};

/** Only members may commit to a group that has some. */
async function whenNobodyReads<T>(group: string, commit: () => Promise<T>): Promise<T> {
  try {
    return await commit();
  } catch (error) {
    if (!hasCode(error, unknownMember)) throw error;
    throw new Error(`group ${group} has members; stop them first`, { cause: error });
  }
}

const unknownMember = 25;
const targetChoices = '--to-earliest, --to-latest, --to-offset, --to-time, --shift-by';

/** @throws UsageError that names what there is to choose from */
export function oneTarget(flags: TargetFlags, choices: string): ResetTarget {
  const targets: ResetTarget[] = [];
  if (flags.toEarliest === true) targets.push({ kind: 'earliest' });
  if (flags.toLatest === true) targets.push({ kind: 'latest' });
  if (flags.toOffset !== undefined) targets.push({ kind: 'offset', offset: flags.toOffset });
  if (flags.toTime !== undefined) targets.push({ kind: 'time', timestampMs: flags.toTime });
  if (flags.shiftBy !== undefined) targets.push({ kind: 'shift', by: flags.shiftBy });
  const [target] = targets;
  if (target === undefined || targets.length > 1) throw new UsageError(`give one of ${choices}`);
  return target;
}

/** From where to where each partition goes; `before` by topic and partition. */
export async function reportReset(
  { report }: Session,
  { group, dryRun }: { readonly group: string; readonly dryRun: boolean },
  before: ReadonlyMap<string, number | undefined>,
  offsets: ReadonlyArray<TopicPartition & { readonly offset: number }>,
): Promise<void> {
  const rows = offsets.map(({ topic, partition, offset }) => ({
    topic,
    partition,
    from: before.get(topicPartitionName(topic, partition)) ?? null,
    to: offset,
  }));
  await report.result({ group, dryRun, partitions: rows }, () =>
    report.table(
      ['TOPIC', 'PARTITION', 'FROM', 'TO'],
      rows.map((row) => [row.topic, row.partition, row.from, row.to]),
    ),
  );
  if (dryRun && !report.isJson) await report.note('nothing was changed: --dry-run');
}

async function choosePartitions(options: ResetOffsetsOptions, session: Session): Promise<readonly TopicPartition[]> {
  if (options.topics.length === 0) {
    const wanted = (partition: number): boolean =>
      options.partitions.length === 0 || options.partitions.includes(partition);
    const held = (await session.admin.fetchGroupOffsets(options.group)).filter((one) => wanted(one.partition));
    if (held.length === 0) throw new NotFoundError(`group ${options.group} has no offsets`);
    return held;
  }
  return partitionsOfTopics(session, options.topics, options.partitions);
}

/** Partitions of topics, all of them or those in `wanted`. */
export async function partitionsOfTopics(
  { admin }: Session,
  topics: readonly string[],
  wanted: readonly number[],
): Promise<readonly TopicPartition[]> {
  const found: TopicPartition[] = [];
  for (const { name, topic, error } of await admin.describeTopics(topics)) {
    if (topic === undefined) throw error ?? new NotFoundError(`topic ${name} does not exist`);
    const partitions = topic.partitions.filter((one) => wanted.length === 0 || wanted.includes(one.partition));
    const missing = wanted.find((one) => topic.partitions[one] === undefined);
    if (missing !== undefined) throw new NotFoundError(`topic ${name} has no partition ${missing}`);
    found.push(...partitions.map(({ partition }) => ({ topic: name, partition })));
  }
  return found;
}

/** Offsets inside of what each partition has. */
export async function newOffsets(
  { admin }: Session,
  partitions: readonly TopicPartition[],
  target: ResetTarget,
  committed: ReadonlyMap<string, number>,
): Promise<ReadonlyArray<TopicPartition & { readonly offset: number }>> {
  const list = async (timestampMs: number): Promise<ReadonlyMap<string, number>> => {
    const answers = await admin.listOffsets(
      partitions.map(({ topic, partition }) => ({ topic, partition, timestampMs })),
    );
    return new Map(
      answers.map(({ asked, value, error }) => {
        if (value === undefined)
          throw new Error(error === undefined ? 'no offset' : messageOf(error), { cause: error });
        return [topicPartitionName(asked.topic, asked.partition), value.offset];
      }),
    );
  };
  const [starts, ends] = await Promise.all([list(offsetSpec.earliest), list(offsetSpec.latest)]);
  const atTime = target.kind === 'time' ? await list(target.timestampMs) : new Map<string, number>();
  return partitions.map(({ topic, partition }): TopicPartition & { readonly offset: number } => {
    const name = topicPartitionName(topic, partition);
    const start = starts.get(name) ?? 0;
    const end = ends.get(name) ?? start;
    const inside = (offset: number): number => Math.min(end, Math.max(start, offset));
    switch (target.kind) {
      case 'earliest':
        return { topic, partition, offset: start };
      case 'latest':
        return { topic, partition, offset: end };
      case 'offset':
        return { topic, partition, offset: inside(target.offset) };
      case 'time': {
        const found = atTime.get(name) ?? -1;
        return { topic, partition, offset: found < 0 ? end : found };
      }
      case 'shift':
        return { topic, partition, offset: inside((committed.get(name) ?? start) + target.by) };
      default:
        return unreachable(target);
    }
  });
}
