import type { CliCommand } from '../../command.js';
import { NotFoundError } from '../../exit_codes.js';
import { reportOutcomes } from '../../outcomes.js';

export interface DeleteShareGroupsOptions {
  readonly names: readonly string[];
}

export const deleteShareGroups: CliCommand<DeleteShareGroupsOptions> = {
  name: 'delete',
  define: (command) =>
    command
      .alias('rm')
      .description('delete share groups without members, with what they have read')
      .argument('<group...>', 'names'),
  read: (command) => ({ names: command.args }),
  run: async ({ names }, session) => {
    const types = new Map((await session.admin.listGroups()).map(({ groupId, type }) => [groupId, type]));
    const other = names.filter((name) => types.has(name) && types.get(name) !== 'share');
    if (other.length > 0) throw new NotFoundError(`${other.join(', ')}: not a share group`);
    const outcomes = await session.admin.deleteGroups(names);
    await reportOutcomes(session, outcomes, ({ name }) => `deleted share group ${name}`);
  },
};
