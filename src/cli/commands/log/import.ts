import type { Command } from 'commander';
import { takeLock } from '../../../offline/offline_directory.js';
import { placeDirectory } from '../../../offline/place.js';
import { readSource } from '../../../offline/source.js';
import { UsageError } from '../../exit_codes.js';
import type { LogCommand } from './log_command.js';

interface ImportOptions {
  readonly sources: readonly string[];
  readonly output: string;
}

export const importLogs: LogCommand<ImportOptions> = {
  name: 'import',
  define: (command: Command): Command =>
    command
      .description('make a Millrace data directory of the data directory of a stopped Kafka (KRaft)')
      .argument('<directory...>', 'the log directories of one Kafka broker (log.dirs); they are not changed')
      .requiredOption('-o, --output <directory>', 'the data directory to make; it must not exist, or be empty'),
  read: (command) => {
    const sources = command.args.map((path) => path.replace(/(.)\/+$/, '$1'));
    const { output } = command.opts<{ readonly output: string }>();
    if (sources.includes(output)) throw new UsageError('the new directory must be another one than the old');
    return { sources, output };
  },
  run: async ({ sources, output }, { report }, ports) => {
    const locks = sources.map((path) => takeLock(ports.locks, path, 'shared'));
    try {
      const source = await readSource(ports, sources);
      const placed = await placeDirectory(ports, source, output, () => 'copy');
      await report.result({ ...placed, output, notes: source.notes }, async () => {
        await report.line(
          `imported ${placed.topics} topics with ${placed.partitions} partitions of node ${placed.nodeId} (${placed.files} files, ${placed.bytes} bytes)`,
        );
        for (const note of source.notes) await report.line(`- ${note}`);
        if (!placed.cleanShutdown)
          await report.line('- Kafka was not stopped in an orderly way: the first start verifies the logs');
        await report.line(`next: millrace start --data ${output} --set node.id=${placed.nodeId}`);
      });
    } finally {
      for (const lock of locks) lock.release();
    }
  },
};
