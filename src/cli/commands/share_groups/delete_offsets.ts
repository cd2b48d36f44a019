import type { CliCommand } from '../../command.js';
import { UsageError } from '../../exit_codes.js';
import { reportOutcomes } from '../../outcomes.js';
import { collected } from '../../values.js';

export interface DeleteShareOffsetsOptions {
  readonly group: string;
  readonly topics: readonly string[];
}

interface Flags {
  readonly topic?: readonly string[];
}

export const deleteShareOffsets: CliCommand<DeleteShareOffsetsOptions> = {
  name: 'delete-offsets',
  define: (command) =>
    command
      .description('have a share group without members forget what it has read of topics')
      .argument('<group>', 'its name')
      .option('-t, --topic <topic>', 'a topic, may be repeated', collected),
  read: (command) => {
    const topics = command.opts<Flags>().topic ?? [];
    if (topics.length === 0) throw new UsageError('give at least one --topic');
    const [group = ''] = command.args;
    return { group, topics };
  },
  run: async ({ group, topics }, session) => {
    const outcomes = await session.admin.deleteShareGroupOffsets(group, topics);
    await reportOutcomes(session, outcomes, ({ name }) => `share group ${group} has forgotten topic ${name}`);
  },
};
