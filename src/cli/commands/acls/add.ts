import type { AclEntry } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { reportOutcomes } from '../../outcomes.js';
import { rulesOf, withAclOptions } from './options.js';

export interface AddAclsOptions {
  readonly rules: readonly AclEntry[];
}

export const addAclsCommand: CliCommand<AddAclsOptions> = {
  name: 'add',
  define: (command) => withAclOptions(command.description('add access rules'), ['literal', 'prefixed']),
  read: (command) => ({ rules: rulesOf(command) }),
  run: async ({ rules }, session) => {
    const outcomes = await session.admin.createAcls(rules);
    await reportOutcomes(session, outcomes, ({ name }) => name);
  },
};
