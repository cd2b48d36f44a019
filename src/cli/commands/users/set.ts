import { randomBytes } from 'node:crypto';
import { type ScramMechanismName, throwFirst } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { UsageError } from '../../exit_codes.js';
import { mechanismOption } from './mechanism.js';

export interface SetUserOptions {
  readonly user: string;
  readonly mechanism: ScramMechanismName;
  readonly iterations: number;
  /** Undefined: from the environment. */
  readonly password: string | undefined;
}

const passwordVariable = 'MILLRACE_PASSWORD';
const saltBytes = 24;

export const setUser: CliCommand<SetUserOptions> = {
  name: 'set',
  define: (command) =>
    command
      .description(`set the password of a user; it is salted here (from ${passwordVariable} without --password)`)
      .argument('<user>', 'name')
      .addOption(mechanismOption())
      .option('--password <password>', 'seen by everybody who lists processes')
      .option('--iterations <number>', 'how often it is hashed', '8192'),
  read: (command) => {
    const { mechanism, iterations, password } = command.opts<{
      readonly mechanism: ScramMechanismName;
      readonly iterations: string;
      readonly password?: string;
    }>();
    if (!/^\d+$/.test(iterations)) throw new UsageError(`--iterations takes a number, not ${iterations}`);
    return { user: command.args[0] ?? '', mechanism, iterations: Number(iterations), password };
  },
  run: async (options, { admin, report, io }) => {
    const password = options.password ?? io.variables[passwordVariable];
    if (password === undefined || password === '')
      throw new UsageError(`no password: set ${passwordVariable}, or give --password`);
    const { user, mechanism, iterations } = options;
    const change = { user, mechanism, iterations, password, salt: randomBytes(saltBytes) };
    throwFirst([await admin.alterScramUser(change)]);
    await report.result({ user, mechanism, ok: true }, () => report.line(`set ${mechanism} of user ${user}`));
  },
};
