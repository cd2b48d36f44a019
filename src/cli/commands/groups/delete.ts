import type { CliCommand } from '../../command.js';
import { reportOutcomes } from '../../outcomes.js';

export interface DeleteGroupsOptions {
  readonly names: readonly string[];
}

export const deleteGroups: CliCommand<DeleteGroupsOptions> = {
  name: 'delete',
  define: (command) =>
    command
      .alias('rm')
      .description('delete groups without members, with their offsets')
      .argument('<group...>', 'names'),
  read: (command) => ({ names: command.args }),
  run: async ({ names }, session) => {
    const outcomes = await session.admin.deleteGroups(names);
    await reportOutcomes(session, outcomes, ({ name }) => `deleted group ${name}`);
  },
};
