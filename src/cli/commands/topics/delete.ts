import { isUnknownTopic } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { reportOutcomes } from '../../outcomes.js';

export interface DeleteTopicsOptions {
  readonly names: readonly string[];
  readonly ifExists: boolean;
}

export const deleteTopics: CliCommand<DeleteTopicsOptions> = {
  name: 'delete',
  define: (command) =>
    command
      .alias('rm')
      .description('delete topics with all their records')
      .argument('<topic...>', 'names')
      .option('--if-exists', 'say nothing of topics that do not exist'),
  read: (command) => ({
    names: command.args,
    ifExists: command.opts<{ readonly ifExists?: boolean }>().ifExists ?? false,
  }),
  run: async ({ names, ifExists }, session) => {
    const outcomes = (await session.admin.deleteTopics(names)).map((one) =>
      ifExists && isUnknownTopic(one.error) ? { ...one, error: undefined, deleted: false } : { ...one, deleted: true },
    );
    await reportOutcomes(
      session,
      outcomes,
      (one) => (one.deleted ? `deleted topic ${one.name}` : `topic ${one.name} does not exist`),
      ({ deleted }) => ({ deleted }),
    );
  },
};
