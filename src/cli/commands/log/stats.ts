import type { Command } from 'commander';
import { withOfflineDirectory } from '../../../offline/offline_directory.js';
import { type PartitionStats, partitionStats } from '../../../offline/stats.js';
import type { Cell } from '../../report.js';
import type { LogCommand } from './log_command.js';

interface StatsOptions {
  readonly paths: readonly string[];
}

const head = [
  'PARTITION',
  'SEGMENTS',
  'LOG BYTES',
  'OFFSETS',
  'BATCHES',
  'RECORDS',
  'CODECS',
  'RECORD BYTES',
  'FROM',
  'TO',
  'PRODUCERS',
];

export const logStats: LogCommand<StatsOptions> = {
  name: 'stats',
  define: (command: Command): Command =>
    command
      .description('sizes, segments, records, codecs, times and producers of each partition')
      .argument('<directory...>', 'log directories, or directories of single partitions'),
  read: (command) => ({ paths: command.args.map((path) => path.replace(/(.)\/+$/, '$1')) }),
  run: async ({ paths }, { report }, ports) => {
    const found: PartitionStats[] = [];
    for (const path of paths)
      await withOfflineDirectory(ports, path, 'shared', async ({ logDirectory, partitions }) => {
        for (const name of partitions) found.push(await partitionStats(ports, `${logDirectory}/${name}`, name));
      });
    await report.result({ partitions: found, topics: topicSums(found) }, async () => {
      await report.table(head, found.map(row));
      const sums = topicSums(found).map(({ topic, partitions, logBytes, records }) => [
        topic,
        partitions,
        logBytes,
        records,
      ]);
      await report.line();
      await report.table(['TOPIC', 'PARTITIONS', 'LOG BYTES', 'RECORDS'], sums);
      for (const { topic, partition, damagedBytes } of found)
        if (damagedBytes > 0)
          await report.line(
            `${topic}-${partition}: ${damagedBytes} bytes are no batch; millrace log verify says where`,
          );
    });
  },
};

function row(stats: PartitionStats): readonly Cell[] {
  const { recordBytes: size, minTimestampMs, maxTimestampMs } = stats;
  const codecs = Object.entries(stats.codecs).map(([name, of]) => `${name} ${of?.batches ?? 0}`);
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  return [
    `${stats.topic}-${stats.partition}`,
    stats.segments,
    stats.logBytes,
    `${stats.firstOffset}..${stats.logEndOffset}`,
    stats.batches,
    stats.records,
    codecs.join(', '),
    size === null ? null : `${size.min}/${size.average}/${size.max}`,
    time(minTimestampMs),
    time(maxTimestampMs),
    stats.producers,
  ];
}

function topicSums(found: readonly PartitionStats[]) {
  const sums = new Map<string, { topic: string; partitions: number; logBytes: number; records: number }>();
  for (const { topic, logBytes, records } of found) {
    const sum = sums.get(topic) ?? { topic, partitions: 0, logBytes: 0, records: 0 };
    sums.set(topic, sum);
    sum.partitions += 1;
    sum.logBytes += logBytes;
    sum.records += records;
  }
  return [...sums.values()];
}
