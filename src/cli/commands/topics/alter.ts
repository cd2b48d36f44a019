import { type ConfigChange, throwFirst } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { configChanges, withConfigOptions } from '../../config_changes.js';
import { UsageError } from '../../exit_codes.js';
import { positiveInteger } from '../../values.js';

export interface AlterTopicOptions {
  readonly name: string;
  readonly partitions: number | undefined;
  readonly changes: readonly ConfigChange[];
}

export const alterTopic: CliCommand<AlterTopicOptions> = {
  name: 'alter',
  define: (command) =>
    withConfigOptions(
      command
        .description('add partitions to a topic, change its configs')
        .argument('<topic>', 'its name')
        .option('-p, --partitions <count>', 'partitions it shall have, more than now', positiveInteger),
    ),
  read: (command) => {
    const [name = ''] = command.args;
    const { partitions } = command.opts<{ readonly partitions?: number }>();
    const changes = configChanges(command);
    if (partitions === undefined && changes.length === 0)
      throw new UsageError('nothing to change: give --partitions, --set, --unset, --append or --subtract');
    return { name, partitions, changes };
  },
  run: async ({ name, partitions, changes }, { admin, report }) => {
    if (changes.length > 0)
      throwFirst(await admin.incrementalAlterConfigs([{ resource: { type: 'topic', name }, changes }]));
    if (partitions !== undefined) throwFirst(await admin.createPartitions([{ name, count: partitions }]));
    await report.result({ name, ok: true }, () => report.line(`altered topic ${name}`));
  },
};
