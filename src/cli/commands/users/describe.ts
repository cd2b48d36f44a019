import type { CliCommand } from '../../command.js';
import { reportOutcomes } from '../../outcomes.js';

export interface DescribeUsersOptions {
  readonly names: readonly string[];
}

export const describeUsers: CliCommand<DescribeUsersOptions> = {
  name: 'describe',
  define: (command) =>
    command
      .alias('list')
      .description('show which credentials users have; not the credentials')
      .argument('[user...]', 'only these'),
  read: (command) => ({ names: command.args }),
  run: async ({ names }, session) => {
    const users = await session.admin.describeScramUsers(names);
    if (users.length === 0 && !session.report.isJson) await session.report.line('no users');
    await reportOutcomes(
      session,
      users,
      ({ name, credentials }) =>
        `${name}: ${credentials.map(({ mechanism, iterations }) => `${mechanism} (${iterations} iterations)`).join(', ')}`,
      ({ credentials }) => ({ credentials }),
    );
  },
};
