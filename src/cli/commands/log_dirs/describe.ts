import { throwFirst } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { checkBroker } from '../../named_broker.js';
import { collected, wholeNumber } from '../../values.js';

export interface DescribeLogDirsOptions {
  readonly broker: number | undefined;
  /** None: all. */
  readonly topics: readonly string[];
}

export const describeLogDirs: CliCommand<DescribeLogDirsOptions> = {
  name: 'describe',
  define: (command) =>
    command
      .description('show what lies in which log directory, copies on their way too, and how much room there is')
      .option('--broker <id>', 'of one broker only', wholeNumber)
      .option('-t, --topic <name>', 'this topic only, may be repeated', collected),
  read: (command) => {
    const { broker, topic } = command.opts<{ readonly broker?: number; readonly topic?: readonly string[] }>();
    return { broker, topics: topic ?? [] };
  },
  run: async ({ broker, topics }, { admin, report }) => {
    await checkBroker(admin, broker);
    if (topics.length > 0) throwFirst(await admin.describeTopics(topics));
    const directories = await admin.describeLogDirs(broker === undefined ? undefined : [broker]);
    const shown = directories.map((dir) => ({
      brokerId: dir.brokerId,
      path: dir.path,
      error: dir.error?.message ?? null,
      totalBytes: dir.totalBytes,
      usableBytes: dir.usableBytes,
      partitions: dir.partitions
        .filter(({ topic }) => topics.length === 0 || topics.includes(topic))
        .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1)),
    }));
    await report.result(shown, async () => {
      await report.table(
        ['BROKER', 'DIRECTORY', 'PARTITIONS', 'USABLE BYTES', 'TOTAL BYTES', 'ERROR'],
        shown.map((dir) => [
          dir.brokerId,
          dir.path,
          dir.partitions.length,
          dir.usableBytes < 0 ? null : dir.usableBytes,
          dir.totalBytes < 0 ? null : dir.totalBytes,
          dir.error ?? '',
        ]),
      );
      const rows = shown.flatMap(({ brokerId, path, partitions }) =>
        partitions.map((one) => [
          one.topic,
          one.partition,
          brokerId,
          path,
          one.sizeBytes,
          one.offsetLag,
          one.isFuture ? 'moving here' : '',
        ]),
      );
      if (rows.length === 0) return;
      await report.line();
      await report.table(['TOPIC', 'PARTITION', 'BROKER', 'DIRECTORY', 'SIZE BYTES', 'LAG', 'STATE'], rows);
    });
  },
};
