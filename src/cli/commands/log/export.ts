import type { Command } from 'commander';
import { exportDirectory } from '../../../offline/export.js';
import { withOfflineDirectory } from '../../../offline/offline_directory.js';
import { readSource } from '../../../offline/source.js';
import type { LogCommand } from './log_command.js';

interface ExportOptions {
  readonly source: string;
  readonly output: string;
}

export const exportLogs: LogCommand<ExportOptions> = {
  name: 'export',
  define: (command: Command): Command =>
    command
      .description('make a data directory that Kafka 4.3 (KRaft, one node) starts on, of the one of a stopped Millrace')
      .argument('<directory>', "Millrace's data directory; it is not changed")
      .requiredOption('-o, --output <directory>', 'the data directory to make; it must not exist, or be empty'),
  read: (command) => ({
    source: (command.args[0] ?? '').replace(/(.)\/+$/, '$1'),
    output: command.opts<{ readonly output: string }>().output,
  }),
  run: ({ source, output }, { report, io }, ports) =>
    withOfflineDirectory(ports, source, 'shared', async () => {
      const read = await readSource(ports, [source]);
      const done = await exportDirectory(ports, read, output, io.environment.clock.wallMs());
      await report.result({ ...done, output, notes: read.notes }, async () => {
        await report.line(
          `exported ${done.topics} topics with ${done.partitions} partitions (${done.files} files, ${done.bytes} bytes)`,
        );
        for (const note of read.notes) await report.line(`- ${note}`);
        await report.line(
          `next: start Kafka with node.id=${done.nodeId}, process.roles=broker,controller and log.dirs=${output}; do not format it, it is cluster ${done.clusterId}`,
        );
      });
    }),
};
