import { type ScramMechanismName, throwFirst } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { mechanismOption } from './mechanism.js';

export interface DeleteUserOptions {
  readonly user: string;
  readonly mechanism: ScramMechanismName;
}

export const deleteUser: CliCommand<DeleteUserOptions> = {
  name: 'delete',
  define: (command) =>
    command
      .alias('rm')
      .description('take a credential of a user away')
      .argument('<user>', 'name')
      .addOption(mechanismOption()),
  read: (command) => ({
    user: command.args[0] ?? '',
    mechanism: command.opts<{ readonly mechanism: ScramMechanismName }>().mechanism,
  }),
  run: async ({ user, mechanism }, { admin, report }) => {
    const change = { user, mechanism, iterations: 0, password: null, salt: new Uint8Array() };
    throwFirst([await admin.alterScramUser(change)]);
    await report.result({ user, mechanism, ok: true }, () => report.line(`deleted ${mechanism} of user ${user}`));
  },
};
