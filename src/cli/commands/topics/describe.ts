import { type ConfigEntry, offsetSpec, type TopicMetadata } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { ExitCode, PartialFailure } from '../../exit_codes.js';
import { exitCodeOf, messageOf } from '../../failures.js';
import type { Session } from '../../session.js';

export interface DescribeTopicsOptions {
  readonly names: readonly string[];
}

interface PartitionRow {
  readonly partition: number;
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  /** Null when the leader did not tell. */
  readonly logStartOffset: number | null;
  readonly highWatermark: number | null;
}

export const describeTopics: CliCommand<DescribeTopicsOptions> = {
  name: 'describe',
  define: (command) =>
    command.description('show partitions, offsets and changed configs of topics').argument('<topic...>', 'names'),
  read: (command) => ({ names: command.args }),
  run: async ({ names }, session) => {
    const { admin, report } = session;
    const documents: unknown[] = [];
    const errors: Error[] = [];
    for (const { name, topic, error } of await admin.describeTopics(names)) {
      if (topic === undefined) {
        const failure = error ?? new Error(`topic ${name} does not exist`);
        errors.push(failure);
        documents.push({ name, error: messageOf(failure) });
        continue;
      }
      const rows = await partitionRows(session, topic);
      const [description] = await admin.describeConfigs([{ type: 'topic', name }]);
      const changed = (description?.entries ?? []).filter((entry) => entry.source === 'dynamic-topic');
      if (report.isJson) documents.push(toJson(topic, rows, changed));
      else await printTopic(session, topic, rows, changed);
    }
    if (report.isJson) await report.result(documents, () => Promise.resolve());
    else for (const error of errors) await report.note(`millrace: ${messageOf(error)}`);
    if (errors.length > 0)
      throw new PartialFailure(
        errors.every((error) => exitCodeOf(error) === ExitCode.notFound) ? ExitCode.notFound : ExitCode.failed,
      );
  },
};

async function partitionRows({ admin }: Session, topic: TopicMetadata): Promise<readonly PartitionRow[]> {
  const led = topic.partitions.filter((one) => one.leaderId >= 0);
  const offsets = async (timestampMs: number): Promise<ReadonlyMap<number, number>> => {
    const queries = led.map(({ partition }) => ({ topic: topic.name, partition, timestampMs }));
    const answers = await admin.listOffsets(queries, { timeoutMs: 5_000 });
    return new Map(
      answers.flatMap(({ asked, value }) => (value === undefined ? [] : [[asked.partition, value.offset]])),
    );
  };
  const [starts, ends] = await Promise.all([offsets(offsetSpec.earliest), offsets(offsetSpec.latest)]);
  return topic.partitions.map((one) => ({
    partition: one.partition,
    leader: one.leaderId,
    leaderEpoch: one.leaderEpoch,
    replicas: one.replicas,
    isr: one.isr,
    logStartOffset: starts.get(one.partition) ?? null,
    highWatermark: ends.get(one.partition) ?? null,
  }));
}

function toJson(topic: TopicMetadata, partitions: readonly PartitionRow[], changed: readonly ConfigEntry[]): unknown {
  return {
    name: topic.name,
    topicId: topic.topicId,
    internal: topic.isInternal,
    configs: Object.fromEntries(changed.map(({ name, value }) => [name, value])),
    partitions,
  };
}

async function printTopic(
  { report }: Session,
  topic: TopicMetadata,
  rows: readonly PartitionRow[],
  changed: readonly ConfigEntry[],
): Promise<void> {
  const internal = topic.isInternal ? ', internal' : '';
  await report.line(`topic ${topic.name} (id ${topic.topicId}, ${rows.length} partition(s)${internal})`);
  for (const { name, value } of changed) await report.line(`  ${name}=${value ?? ''}`);
  await report.table(
    ['PARTITION', 'LEADER', 'EPOCH', 'REPLICAS', 'ISR', 'START', 'END'],
    rows.map((row) => [
      row.partition,
      row.leader < 0 ? 'none' : row.leader,
      row.leaderEpoch,
      row.replicas.join(','),
      row.isr.join(','),
      row.logStartOffset,
      row.highWatermark,
    ]),
  );
}
